// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryManifests
import CanaryResources
import CanaryStore

/// Removes objects.
struct DeleteCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Remove objects",
        discussion: Help.examples(
            ("Remove what a file declares", "canaryctl delete -f reviews.yaml"),
            ("Remove one object, if it is there", "canaryctl delete vs helloworld --ignore-not-found"),
            (
                "End a running pod, which another takes the place of",
                "canaryctl delete pod helloworld-v1-6bcfd5b9c7-x2x4f"
            )
        )
    )

    @Argument(
        help: ArgumentHelp("A kind and names, or KIND/NAME", valueName: "object"),
        completion: .stored(.objects(all: false))
    )
    var objects: [String] = []

    @Option(
        name: .selector,
        help: ArgumentHelp("Remove the objects of a kind with these labels", valueName: "selector")
    )
    var selector: String?

    @Flag(help: "A missing object is no error")
    var ignoreNotFound = false

    @OptionGroup(title: "Running pods") var ending: PodEndingOptions
    @OptionGroup(title: "Input") var manifests: ManifestOptions
    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Output") var output: ChangeOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard manifests.files.isEmpty != objects.isEmpty else {
            throw ValidationError(
                manifests.files.isEmpty
                    ? "delete lacks what to remove\nfor example: canaryctl delete virtualservice NAME, or canaryctl delete -f FILE"
                    : "delete takes either -f FILE, or a kind and names\nleave one of them out"
            )
        }
        guard selector == nil || manifests.files.isEmpty else {
            throw ValidationError(
                "--selector goes with kinds, not with -f\nfor example: canaryctl delete workloadentries -l version=v2"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let named = try keys(settings, context)
        let session = ClusterSession(settings: settings, context: context)
        var warnings: [String] = []
        var running: [Resource] = []
        var result = try session.change(change, verb: "delete") { change in
            let keys = try named + keysOfSelector(settings, in: change)
            let missing = try keys.filter { try !Self.exists($0, in: change) }
            if !ignoreNotFound, let error = CommandError.joined(missing.map(CommandError.notFound)) {
                throw error
            }
            running = change.view.running.all.filter { keys.contains($0.key) }
            let ran = Set(running.map(\.key))
            for key in keys where !ran.contains(key) { try Self.delete(key, in: change) }
            warnings = try UnservedShares.warnings(
                of: change,
                client: settings.namespace,
                failing: session.failingAddresses
            )
            warnings += try LostTemplates.warnings(of: change)
        }
        let end = PodEnd(pods: running, gracePeriod: ending.gracePeriod, session: session)
        if change.dryRun == .none { try end.order() }
        result.changes += running.map { ObjectChange(key: $0.key, outcome: .deleted, before: $0, after: nil) }
        context.warn(warnings)
        if result.changes.isEmpty, selector != nil { context.standardError.writeLine("No resources found.") }
        ChangeReport(options: change, output: output.output, context: context).print(result)
        if change.dryRun == .none { try end.wait(atMost: change.wait) }
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    /// A Namespace takes its contents along. It need not exist itself: objects may name any.
    private static func delete(_ key: ResourceKey, in change: ClusterChange) throws {
        for content in try contents(of: key, in: change) { try change.delete(content) }
        // Gone already: missing and ignored, named twice, or part of a namespace deleted before.
        if try change.resource(key) != nil { try change.delete(key) }
    }

    private static func exists(_ key: ResourceKey, in change: ClusterChange) throws -> Bool {
        if try change.resource(key) != nil { return true }
        return try !contents(of: key, in: change).isEmpty
    }

    /// By key, so that what cannot be read goes too.
    private static func contents(of key: ResourceKey, in change: ClusterChange) throws -> [ResourceKey] {
        guard key.kind == .namespace else { return [] }
        let keys = try change.view.reader?.keys(namespace: key.name) ?? []
        return try keys.filter { try $0.kind.isNamespaced && change.resource($0) != nil }
    }

    /// The objects that are named, by manifests or by words; those of a selector are known only beside the store.
    private func keys(_ settings: Settings, _ context: CommandContext) throws -> [ResourceKey] {
        if objects.isEmpty { return try keysOfManifests(settings, context) }
        return try selector == nil ? keysOfNames(settings) : []
    }

    private func keysOfSelector(_ settings: Settings, in change: ClusterChange) throws -> [ResourceKey] {
        guard let selector = try selector.map(LabelSelector.init(argument:)) else { return [] }
        guard case .kinds(let kinds) = try ObjectSelection(objects) else {
            throw CommandError.wrongUsage(
                "a label selector cannot be given together with names",
                hint: "leave out -l, or the names"
            )
        }
        return try kinds.flatMap {
            try change.resources(of: $0, namespace: $0.isNamespaced ? settings.namespace : nil)
        }
        .filter { selector.matches($0.metadata.labels) }.map(\.key)
    }

    private func keysOfNames(_ settings: Settings) throws -> [ResourceKey] {
        guard case .names(let names) = try ObjectSelection(objects) else {
            throw CommandError.wrongUsage(
                "no names given: delete does not remove all objects of a kind",
                hint:
                    "canaryctl delete KIND NAME…, KIND -l SELECTOR, or canaryctl delete namespace NAME for everything in it"
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
        let sources = try manifests.sources(in: context)
        let found = reader.read(sources.read)
        DiagnosticPrinter(context.standardError, settings, context, sources: sources.read)
            .printProblems(found.diagnostics)
        if var failure = CommandError.joined(sources.failures) {
            if found.diagnostics.hasErrors { failure.status = .invalidManifests }
            throw failure
        }
        if found.diagnostics.hasErrors { throw CommandError.silent(.invalidManifests) }
        guard !found.resources.isEmpty || !found.diagnostics.isEmpty else { throw manifests.nothing }
        return found.resources.map(\.key)
    }
}
