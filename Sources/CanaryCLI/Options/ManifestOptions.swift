// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryManifests

/// How findings about unknown and repeated fields are treated.
enum FieldValidation: String, ExpressibleByArgument, CaseIterable {
    case strict, warn, ignore
}

/// Where manifests come from: `-f`, as in kubectl.
struct ManifestOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp(
            "A file, a directory, or - for standard input; may be repeated",
            valueName: "file"
        ),
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var files: [String] = []

    @Flag(name: [.customShort("R"), .long], help: "Read directories with everything below them")
    var recursive = false

    @Flag(help: "Skip kinds that canaryctl does not know, with a warning")
    var ignoreUnknown = false

    /// What `-f` names, in the words of messages.
    var names: String { files.map { $0 == "-" ? "<stdin>" : $0 }.joined(separator: ", ") }

    /// The manifests' texts, in the order given; what cannot be read is among the failures.
    func sources(in context: CommandContext) throws -> (read: [ManifestSource], failures: [CommandError]) {
        try FileSources(files: files, recursive: recursive, option: "-f", noun: "manifests").read(in: context)
    }
}
