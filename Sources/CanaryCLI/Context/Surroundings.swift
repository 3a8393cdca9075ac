// SPDX-License-Identifier: Apache-2.0

/// Where a command runs, as far as it decides what is meant: environment and working directory.
struct Surroundings: Sendable {
    var environment: [String: String] = [:]
    var workingDirectory = "/"
    /// Whether the working directory was deleted: then no relative path leads anywhere.
    var workingDirectoryIsGone = false

    /// An environment variable; an empty one counts as unset.
    func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A path as the user gave it, made absolute.
    func absolutePath(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(workingDirectory)/\(path)"
    }
}

extension Surroundings {
    init(_ context: CommandContext) {
        environment = context.environment
        workingDirectory = context.workingDirectory
        workingDirectoryIsGone = context.workingDirectoryIsGone
    }
}
