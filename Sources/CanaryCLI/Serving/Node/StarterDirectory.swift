// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Glibc

/// The directory that `up --init` makes. What is there already stays as it is, and then nothing is written.
struct StarterDirectory {
    /// As it was typed, for messages.
    let name: String
    /// From wherever the command was run.
    let path: String

    private static let elsewhere = "canaryctl up --init -f DIRECTORY writes it elsewhere"

    func write(in context: CommandContext) throws {
        let files = StarterManifests.files
        for file in files {
            guard case .failure(let error) = FileReader.type(of: "\(path)/\(file.name)"),
                error.number == ENOENT
            else {
                throw CommandError(
                    "cannot write the example: \(name)/\(file.name) is there already",
                    hint: Self.elsewhere
                )
            }
        }
        if case .failure(let error) = FileWriter.makeDirectory(path) {
            throw CommandError(
                "cannot make the directory \(name): \(error.reason)",
                hint: Self.elsewhere
            )
        }
        for file in files {
            if case .failure(let error) = FileWriter.replace(
                path: "\(path)/\(file.name)",
                with: Array(file.text.utf8)
            ) {
                throw CommandError(
                    "cannot write \(name)/\(file.name): \(error.reason)",
                    hint: Self.elsewhere
                )
            }
            context.standardOutput.writeLine(TerminalText.escape("\(name)/\(file.name)"))
        }
        context.standardOutput.writeLine(
            TerminalText.escape("run it:  canaryctl up -f \(ShellWord.quoted(name))")
        )
        context.standardOutput.writeLine("ask it:  curl -H 'Host: hello' http://127.0.0.1:15001/")
    }
}
