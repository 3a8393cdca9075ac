// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Makes new objects.
struct CreateCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make new objects from manifests; refuse if one exists",
        discussion: Help.examples(
            ("Create everything in a directory", "canaryctl create -f examples/helloworld/"),
            ("Create what another tool prints", "render | canaryctl create -f -")
        )
    )

    @OptionGroup var options: ManifestChangeOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        try options.run("create", global, in: context) { change, resources in
            let existing = try resources.map(\.key).filter { try change.resource($0) != nil }
            let known = Set(existing)
            for resource in resources where !known.contains(resource.key) { try change.create(resource) }
            guard existing.isEmpty else { throw CommandError.exists(existing) }
        }
    }
}
