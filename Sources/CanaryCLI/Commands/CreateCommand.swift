// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Options of the commands that store manifests.
struct StoringOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What unknown and repeated fields are: strict (errors), warn or ignore",
            valueName: "mode"
        )
    )
    var validate = FieldValidation.strict
}

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

    @OptionGroup(title: "Input") var manifests: ManifestOptions
    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Change") var storing: StoringOptions
    @OptionGroup(title: "Output") var output: ChangeOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        try manifests.requireFiles("create")
        return try ManifestChange(
            verb: "create",
            manifests: manifests,
            change: change,
            validation: storing.validate,
            output: output.output,
            settings: try Settings(global, context),
            context: context
        ).run { change, resources in
            let existing = try resources.map(\.key).filter { try change.resource($0) != nil }
            let known = Set(existing)
            for resource in resources where !known.contains(resource.key) { try change.create(resource) }
            guard existing.isEmpty else { throw CommandError.exists(existing) }
        }
    }
}
