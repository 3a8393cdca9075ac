// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Makes or replaces objects.
struct ApplyCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make or replace objects from manifests",
        discussion: Help.examples(
            ("Apply a directory", "canaryctl apply -f manifests/"),
            ("Also remove what is no longer there", "canaryctl apply -f manifests/ --prune -l app=helloworld")
        )
    )

    @OptionGroup var options: ManifestChangeOptions
    @Flag(help: "Delete the objects that --selector selects and the manifests do not hold")
    var prune = false

    @Option(
        name: .selector,
        help: ArgumentHelp("Labels of objects to prune", valueName: "selector")
    )
    var selector: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard prune == (selector != nil) else {
            throw ValidationError(
                "--prune and --selector go together: the selector says what may be deleted\nfor example: canaryctl apply -f DIR --prune -l app=helloworld"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        try options.input.requireFiles("apply")
        let selector = try selector.map(LabelSelector.init(argument:))
        guard selector?.isEmpty != true else {
            throw CommandError.wrongUsage(
                "the selector is empty: everything else in the namespaces would be deleted",
                hint: "say which objects belong to the manifests, for example: -l app=helloworld"
            )
        }
        return try options.run("apply", global, in: context) { change, resources in
            for resource in resources { try change.apply(resource) }
            if let selector { try Self.prune(selector, keeping: resources, in: change) }
        }
    }

    /// Deletes what the selector covers in the namespaces that the manifests name, as kubectl does.
    private static func prune(_ selector: LabelSelector, keeping kept: [Resource], in change: ClusterChange)
        throws
    {
        // Pods that run are no objects of manifests: they go with their Deployments.
        let keys = Set(kept.map(\.key)).union(change.view.running.all.map(\.key))
        for namespace in Set(kept.map(\.namespace)).sorted() where !namespace.isEmpty {
            for kind in ResourceKind.allCases where kind.isNamespaced {
                for resource in try change.resources(of: kind, namespace: namespace)
                where !keys.contains(resource.key) && selector.matches(resource.metadata.labels) {
                    try change.delete(resource.key, outcome: .pruned)
                }
            }
        }
    }
}
