// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// What the commands take that store manifests.
struct ManifestChangeOptions: ParsableArguments {
    struct Storing: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "What unknown and repeated fields are: strict (errors), warn or ignore",
                valueName: "mode"
            )
        )
        var validate = FieldValidation.strict
    }

    @OptionGroup(title: "Input") var input: ManifestOptions
    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Change") var storing: Storing
    @OptionGroup(title: "Output") var output: ChangeOutputOptions

    /// Changes the cluster as ``ManifestChange/run(_:)`` says.
    func run(
        _ verb: String,
        _ global: GlobalOptions,
        in context: CommandContext,
        _ body: (ClusterChange, [Resource]) throws -> Void
    ) throws -> ExitStatus {
        try input.requireFiles(verb)
        let settings = try Settings(global, context)
        return try ManifestChange(verb: verb, options: self, settings: settings, context: context).run(body)
    }
}
