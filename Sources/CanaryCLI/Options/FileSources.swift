// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryManifests
import CanaryResources
import Glibc

/// The texts that an option such as `-f` names.
struct FileSources {
    /// Files, directories, and `-` for standard input.
    let files: [String]
    /// Whether directories are read with everything below them.
    let recursive: Bool
    /// The option's name and what it asks for, in the words of messages.
    let option: String
    let noun: String

    /// The texts, in the order given; directories give their `*.yaml`, `*.yml` and `*.json` in name order.
    ///
    /// What cannot be read is among the failures, so that one run tells all problems.
    func read(in context: CommandContext) throws -> (read: [ManifestSource], failures: [CommandError]) {
        guard files.filter({ $0 == "-" }).count < 2 else {
            throw CommandError.wrongUsage(
                "standard input can be read only once: \"\(option) -\" is given twice",
                hint: "give \"\(option) -\" once"
            )
        }
        guard !files.contains("") else {
            throw CommandError.wrongUsage("\(option) names no file: its value is empty", hint: usage)
        }
        var read: [ManifestSource] = []
        var failures: [CommandError] = []
        for file in files {
            let given = file == "-" ? "<stdin>" : file
            do {
                for place in try places(named: file, in: context) {
                    switch source(at: place, in: context) {
                    case .success(let source): read.append(source)
                    case .failure(let error): failures.append(error)
                    }
                }
            } catch var error as CommandError {
                error.file = given
                failures.append(error)
            }
        }
        return (read, failures)
    }

    /// The files that a name stands for: itself, or those in the directory.
    private func places(named name: String, in context: CommandContext) throws -> [String] {
        guard name != "-" else { return [name] }
        let type = try type(of: name, in: context)
        guard type == .directory else { return [name] }
        let found = try manifests(in: name, context)
        guard !found.isEmpty else {
            throw CommandError(
                "no \(noun) in \(name): no *.yaml, *.yml or *.json",
                hint: recursive
                    ? "name the files, or give them such an ending" : "-R also reads the directories below"
            )
        }
        return found
    }

    private var usage: String { "\(option) takes a file, a directory, or - for standard input" }

    private func type(of name: String, in context: CommandContext) throws -> FileReader.FileType {
        let path = context.absolutePath(name)
        switch FileReader.type(of: path) {
        case .success(let type): return type
        case .failure(let error):
            let near = error.isMissing ? Self.neighbour(of: path) : nil
            let directory = name.lastIndex(of: "/").map { name[...$0] } ?? ""
            var failure = CommandError("cannot read \(name)", because: error)
            if error.isMissing { failure.hint = near.map { "did you mean \"\(directory)\($0)\"?" } ?? usage }
            throw failure
        }
    }

    /// The name in the same directory that was meant by one that is not there.
    private static func neighbour(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let names = (try? FileReader.names(in: String(path[...slash])).get()) ?? []
        return Suggestion.closest(to: String(path[path.index(after: slash)...]), among: names)
    }

    private func source(at name: String, in context: CommandContext) -> Result<ManifestSource, CommandError> {
        let isInput = name == "-"
        let title = isInput ? "standard input" : name
        context.note("reading \(title)")
        let bytes = isInput ? context.readStandardInput() : FileReader.read(path: context.absolutePath(name))
        let file = isInput ? "<stdin>" : name
        return bytes.map { ManifestSource(name: file, bytes: $0) }.mapError {
            let isDead = !isInput && $0.isMissing && FileReader.isLink(context.absolutePath(name))
            var error = CommandError("cannot read \(title)", because: $0)
            if isInput, $0.number == EBADF {
                error.hint = "it is closed: give it something, or name files with \(option)"
            }
            if isDead {
                error.hint = "it is a link to a file that is not there: restore that, or remove the link"
            }
            error.file = file
            return error
        }
    }

    private func manifests(in directory: String, _ context: CommandContext) throws -> [String] {
        let base = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        let names = try FileReader.names(in: context.absolutePath(base)).orThrow("cannot list \(base)")
        return try names.flatMap { name -> [String] in
            let path = "\(base)/\(name)"
            let place = context.absolutePath(path)
            let isNamedSo = [".yaml", ".yml", ".json"].contains(where: name.hasSuffix)
            guard case .success(let type) = FileReader.type(of: place) else {
                // A file removed since the listing is none; a link that leads nowhere is a manifest that is missing.
                return isNamedSo && FileReader.isLink(place) ? [path] : []
            }
            if type == .directory {
                // As with kubectl, a link to a directory is not followed: it could lead around in a circle.
                return recursive && !FileReader.isLink(place) ? try manifests(in: path, context) : []
            }
            // Reading a pipe that nobody writes to would never end.
            return type == .file && isNamedSo ? [path] : []
        }
    }
}

extension Result where Failure == SystemCallError {
    /// The value, or a command error that says what could not be done, and why.
    func orThrow(_ failure: String) throws -> Success {
        switch self {
        case .success(let value): return value
        case .failure(let error): throw CommandError(failure, because: error)
        }
    }
}
