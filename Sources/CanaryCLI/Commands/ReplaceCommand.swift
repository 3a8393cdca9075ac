// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Updates objects that exist.
struct ReplaceCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "replace",
        abstract: "Update existing objects from manifests",
        discussion: Help.examples(
            ("Replace one object", "canaryctl replace -f reviews.yaml"),
            (
                "Edit what is stored",
                "canaryctl get vs/reviews -o yaml | sed 's/v1/v2/' | canaryctl replace -f -"
            )
        )
    )

    @OptionGroup var options: ManifestChangeOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        try options.run("replace", global, in: context) { change, resources in
            var errors: [CommandError] = []
            for resource in resources {
                do {
                    try change.replace(resource)
                } catch let error as CommandError {
                    errors.append(error)
                }
            }
            if let error = CommandError.joined(errors) { throw error }
        }
    }
}
