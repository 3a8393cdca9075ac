// SPDX-License-Identifier: Apache-2.0

import CanaryManifests

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
                "standard input can be read only once: \"\(option) -\" is given twice"
            )
        }
        guard !files.contains("") else {
            throw CommandError.wrongUsage("\(option) names no file: its value is empty")
        }
        var read: [ManifestSource] = []
        var failures: [CommandError] = []
        for file in files {
            do {
                read += try sources(named: file, in: context)
            } catch let error as CommandError {
                failures.append(error)
            }
        }
        return (read, failures)
    }

    private func sources(named name: String, in context: CommandContext) throws -> [ManifestSource] {
        if name == "-" {
            context.note("reading standard input")
            let bytes = try context.readStandardInput().orThrow { "cannot read standard input: \($0)" }
            return [ManifestSource(name: "<stdin>", bytes: bytes)]
        }
        let type = try FileReader.type(of: context.absolutePath(name)).orThrow {
            "cannot read \(name): \($0)"
        }
        guard type == .directory else { return [try source(at: name, in: context)] }
        let found = try manifests(in: name, context)
        guard !found.isEmpty else {
            throw CommandError(
                "no \(noun) in \(name): no *.yaml, *.yml or *.json",
                hint: recursive ? nil : "-R also reads the directories below"
            )
        }
        return try found.map { try source(at: $0, in: context) }
    }

    private func source(at name: String, in context: CommandContext) throws -> ManifestSource {
        context.note("reading \(name)")
        let bytes = try FileReader.read(path: context.absolutePath(name)).orThrow {
            "cannot read \(name): \($0)"
        }
        return ManifestSource(name: name, bytes: bytes)
    }

    private func manifests(in directory: String, _ context: CommandContext) throws -> [String] {
        let base = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        let names = try FileReader.names(in: context.absolutePath(base)).orThrow {
            "cannot list \(base): \($0)"
        }
        return try names.flatMap { name -> [String] in
            let path = "\(base)/\(name)"
            // A link that leads nowhere, or a file removed since the listing, is no manifest.
            let place = context.absolutePath(path)
            guard case .success(let type) = FileReader.type(of: place) else { return [] }
            if type == .directory {
                // As with kubectl, a link to a directory is not followed: it could lead around in a circle.
                return recursive && !FileReader.isLink(place) ? try manifests(in: path, context) : []
            }
            // Reading a pipe that nobody writes to would never end.
            guard type == .file else { return [] }
            return [".yaml", ".yml", ".json"].contains(where: name.hasSuffix) ? [path] : []
        }
    }
}

extension Result where Failure == SystemCallError {
    /// The value, or a command error whose message is made from the reason.
    func orThrow(_ message: (String) -> String) throws -> Success {
        switch self {
        case .success(let value): return value
        case .failure(let error): throw CommandError(message(error.reason))
        }
    }
}
