// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryManifests
import CanaryModel

/// Removes objects.
struct DeleteCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Remove objects",
        discussion: Help.examples(
            ("Remove what a file declares", "canaryctl delete -f reviews.yaml"),
            ("Remove one object, if it is there", "canaryctl delete vs helloworld --ignore-not-found")
        )
    )

    @Argument(help: ArgumentHelp("A kind and names, or KIND/NAME", valueName: "object"))
    var objects: [String] = []

    @Flag(help: "A missing object is no error")
    var ignoreNotFound = false

    @OptionGroup(title: "Input") var manifests: ManifestOptions
    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard manifests.files.isEmpty != objects.isEmpty else {
            throw ValidationError("delete takes either -f FILE, or a kind and names")
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let keys = try objects.isEmpty ? keysOfManifests(settings, context) : keysOfNames(settings)
        let session = ClusterSession(settings: settings, context: context)
        let result = try session.change(change, verb: "delete") { change in
            let missing = try keys.filter { try change.resource($0) == nil }
            if let first = missing.first, !ignoreNotFound { throw CommandError.notFound(first) }
            for key in keys { try Self.delete(key, in: change) }
        }
        ChangeReport(options: change, output: nil, context: context).print(result.changes)
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    /// A Namespace takes its contents along.
    private static func delete(_ key: ResourceKey, in change: ClusterChange) throws {
        // Gone already: missing and ignored, named twice, or part of a namespace deleted before.
        guard try change.resource(key) != nil else { return }
        if key.kind == .namespace {
            for kind in ResourceKind.allCases where kind.isNamespaced {
                for resource in try change.resources(of: kind, namespace: key.name) {
                    try change.delete(resource.key)
                }
            }
        }
        try change.delete(key)
    }

    private func keysOfNames(_ settings: Settings) throws -> [ResourceKey] {
        guard case .names(let names) = try ObjectSelection(objects) else {
            throw CommandError.wrongUsage(
                "no names given: delete does not remove all objects of a kind",
                hint: "canaryctl delete KIND NAME…, or canaryctl delete namespace NAME for everything in it"
            )
        }
        return names.map { ResourceKey($0.kind, namespace: settings.namespace, name: $0.name) }
    }

    /// Only identities count here: what is otherwise wrong with a manifest does not keep its object from being removed.
    private func keysOfManifests(_ settings: Settings, _ context: CommandContext) throws -> [ResourceKey] {
        let reader = ManifestReader(
            defaultNamespace: settings.namespace,
            namespaceIsExplicit: settings.namespaceIsExplicit,
            ignoreUnknownKinds: manifests.ignoreUnknown
        )
        let found = reader.read(try manifests.sources(in: context))
        let style = Style(settings.color, for: context.standardError, in: context)
        DiagnosticPrinter(stream: context.standardError, style: style).print(found.diagnostics)
        if found.diagnostics.hasErrors { throw CommandError.silent(.invalidManifests) }
        return found.resources.map(\.key)
    }
}
