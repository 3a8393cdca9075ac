// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

/// Which objects `get` shows.
struct ObjectQuery {
    var selection: ObjectSelection
    /// `nil` is all namespaces.
    var namespace: String?
    var selector: LabelSelector?
    /// Whether something that is named and not there is no error.
    var ignoresMissing = false

    /// The objects, in groups of one kind, and those that were named and are missing.
    func resources(in view: StoredCluster) throws -> (found: [Resource], missing: [ResourceKey]) {
        switch selection {
        case .kinds(let kinds):
            let resources = try kinds.flatMap { try view.resources(of: $0, namespace: namespace) }
            return (resources.filter { selector?.matches($0.metadata.labels) ?? true }, [])
        case .names(let names):
            guard selector == nil else {
                throw CommandError.wrongUsage(
                    "a label selector cannot be given together with names",
                    hint: "leave out -l, or the names"
                )
            }
            guard let namespace else {
                throw CommandError.wrongUsage(
                    "an object cannot be named across all namespaces",
                    hint: "leave out -A"
                )
            }
            let keys = names.map { ResourceKey($0.kind, namespace: namespace, name: $0.name) }
            let named = try keys.compactMap { try view.resource($0) }
            let there = Set(named.map(\.key))
            let found = named.filter { !view.damage.contains($0.key) }
            return (found, keys.filter { !there.contains($0) })
        }
    }

    /// Whether an object that changed is one of those asked for.
    func covers(_ resource: Resource) -> Bool {
        guard namespace == nil || !resource.kind.isNamespaced || resource.namespace == namespace else {
            return false
        }
        return switch selection {
        case .kinds(let kinds):
            kinds.contains(resource.kind) && (selector?.matches(resource.metadata.labels) ?? true)
        case .names(let names): names.contains { $0.kind == resource.kind && $0.name == resource.name }
        }
    }

    /// Whether there may be objects of a kind among those asked for.
    func mayCover(_ kind: ResourceKind) -> Bool {
        switch selection {
        case .kinds(let kinds): kinds.contains(kind)
        case .names(let names): names.contains { $0.kind == kind }
        }
    }

    var namesOneObject: Bool {
        if case .names(let names) = selection { names.count == 1 } else { false }
    }

    var hasSeveralKinds: Bool {
        switch selection {
        case .kinds(let kinds): kinds.count > 1
        case .names(let names): Set(names.map(\.kind)).count > 1
        }
    }
}

/// Prints the objects of a query in one of the forms of `-o`.
struct ObjectListing {
    let query: ObjectQuery
    let output: ObjectOutputOptions
    let settings: Settings
    let context: CommandContext
    private let template: JSONPath?
    private let columns: CustomColumns?
    private let order: ObjectOrder?

    init(query: ObjectQuery, output: ObjectOutputOptions, settings: Settings, context: CommandContext) throws
    {
        self.query = query
        self.output = output
        self.settings = settings
        self.context = context
        template = if case .jsonPath(let text) = output.output { try JSONPath(text) } else { nil }
        columns = if case .customColumns(let text) = output.output { try CustomColumns(text) } else { nil }
        order = try output.sortBy.map(ObjectOrder.init)
    }

    /// Prints what is there, as kubectl does, and throws where something that was named is not.
    func print(_ view: StoredCluster) throws {
        let (resources, missing) = try query.resources(in: view)
        if !resources.isEmpty || missing.isEmpty { try print(order?.sorted(resources) ?? resources, view) }
        try complain(of: missing)
    }

    private func complain(of missing: [ResourceKey]) throws {
        guard !query.ignoresMissing, let error = CommandError.joined(missing.map(CommandError.notFound))
        else { return }
        throw error
    }

    private func print(_ resources: [Resource], _ view: StoredCluster) throws {
        let stream = context.standardOutput
        switch output.output {
        case .yaml: stream.write(ObjectText.text(machineNode(resources), as: .yaml))
        case .json: stream.write(ObjectText.text(machineNode(resources), as: .json))
        case .jsonPath: stream.write(template?.evaluate(machineNode(resources)) ?? "")
        case .customColumns: write(columns?.table(of: resources.map(Self.tableNode)))
        case .name: resources.forEach { stream.writeLine($0.key.qualifiedName) }
        case .wide, nil: try printTables(resources, view)
        }
    }

    private func write(_ table: Table?) {
        guard let table else { return }
        context.standardOutput.write(output.noHeaders ? table.textWithoutTitles : table.text)
    }

    /// What columns choose from: tables show nothing secret.
    private static func tableNode(_ resource: Resource) -> Node {
        SecretData.hide(in: ObjectText.node(resource))
    }

    private func machineNode(_ resources: [Resource]) -> Node {
        ObjectText.node(resources, asList: !query.namesOneObject)
    }

    private func printTables(_ resources: [Resource], _ view: StoredCluster) throws {
        guard !resources.isEmpty else {
            let place = query.namespace.map { "in \($0) namespace" } ?? "in any namespace"
            context.standardError.writeLine("No resources found \(place).")
            return
        }
        var rest = resources[...]
        var isFirst = true
        while let first = rest.first {
            let group = rest.prefix { $0.kind == first.kind }
            rest = rest.dropFirst(group.count)
            if !isFirst { context.standardOutput.writeLine() }
            isFirst = false
            write(try table(of: Array(group), view))
        }
    }

    func table(of group: [Resource], _ view: StoredCluster) throws -> Table {
        let deployments =
            group[0].kind == .deployment
            ? try DeploymentColumns.of(group, view, now: context.now()) : [:]
        let runs = group[0].kind == .rollout ? try view.reader?.newestRollouts() ?? [:] : [:]
        let session = ClusterSession(settings: settings, context: context)
        let autoscalers =
            group[0].kind == .horizontalPodAutoscaler ? AutoscalerReports(session.runtime) : nil
        let isWide = if case .wide = output.output { true } else { false }
        let table = ResourceTable(
            kind: group[0].kind,
            isWide: isWide,
            showsNamespace: query.namespace == nil && group[0].kind.isNamespaced,
            showsLabels: output.showLabels,
            now: context.now(),
            replicas: { deployments[$0.key] ?? DeploymentColumns() },
            phase: { RolloutBeginning.phase(of: $0, after: runs[$0.stored?.uid ?? ""]) },
            autoscaler: { autoscalers?.report(of: $0) }
        )
        return table.table(of: group, namePrefix: query.hasSeveralKinds)
    }
}

// MARK: - Watching

/// What happened to an object, in the words of Kubernetes' watch.
enum WatchEvent: String {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
}

extension ObjectListing {
    /// What is there when a watch begins: each object has been added.
    func printFirst(_ view: StoredCluster) throws {
        let (resources, missing) = try query.resources(in: view)
        let shown = order?.sorted(resources) ?? resources
        if shown.isEmpty, missing.isEmpty, isTable { try printTables([], view) }
        try printEvents(shown.map { (.added, $0) }, view, titled: !output.noHeaders)
        try complain(of: missing)
    }

    var isTable: Bool {
        switch output.output {
        case .wide, nil: true
        default: false
        }
    }

    /// A row, a line of JSON or a document for each event; templates and names see the objects alone.
    func printEvents(_ events: [(WatchEvent, Resource)], _ view: StoredCluster, titled: Bool = false) throws {
        var lastKind: ResourceKind?
        for (event, resource) in events where query.covers(resource) {
            let stream = context.standardOutput
            let hasTitles = titled && lastKind != resource.kind
            lastKind = resource.kind
            switch output.output {
            case .yaml: stream.write("---\n" + ObjectText.text(node(event, resource), as: .yaml))
            case .json: stream.writeLine(JSONWriter.write(node(event, resource), pretty: false))
            case .jsonPath: stream.writeLine(template?.evaluate(ObjectText.node(resource)) ?? "")
            case .name: stream.writeLine(resource.key.qualifiedName)
            case .customColumns:
                guard let table = columns?.table(of: [Self.tableNode(resource)]) else { continue }
                stream.write(row(event, table, titled: hasTitles))
            case .wide, nil:
                stream.write(row(event, try table(of: [resource], view), titled: hasTitles))
            }
        }
    }

    private func row(_ event: WatchEvent, _ table: Table, titled: Bool) -> String {
        let table = table.prefixed(title: "EVENT", width: WatchEvent.modified.rawValue.count, event.rawValue)
        return titled ? table.text : table.textWithoutTitles
    }

    /// The event as the watch of a Kubernetes API server sends it.
    private func node(_ event: WatchEvent, _ resource: Resource) -> Node {
        .mapping(["type": .string(event.rawValue), "object": ObjectText.node(resource)])
    }
}
