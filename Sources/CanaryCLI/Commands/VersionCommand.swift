// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Prints the version.
struct VersionCommand: Subcommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version")

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) -> ExitStatus {
        context.standardOutput.writeLine("canaryctl \(Version.text)")
        return .success
    }
}
