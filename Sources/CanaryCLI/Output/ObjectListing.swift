// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryModel

/// Which objects `get` shows.
struct ObjectQuery {
    var selection: ObjectSelection
    /// `nil` is all namespaces.
    var namespace: String?
    var selector: LabelSelector?

    /// The objects, in groups of one kind, and those that were named and are missing.
    func resources(in view: ClusterView) throws -> (found: [Resource], missing: [ResourceKey]) {
        switch selection {
        case .kinds(let kinds):
            let resources = try kinds.flatMap { try view.resources(of: $0, namespace: namespace) }
            return (resources.filter { selector?.matches($0.metadata.labels) ?? true }, [])
        case .names(let names):
            guard selector == nil else {
                throw CommandError.wrongUsage("a label selector cannot be given together with names")
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
    let format: OutputFormat?
    let settings: Settings
    let context: CommandContext
    private let template: JSONPath?

    init(query: ObjectQuery, format: OutputFormat?, settings: Settings, context: CommandContext) throws {
        self.query = query
        self.format = format
        self.settings = settings
        self.context = context
        if case .jsonPath(let text) = format {
            template = try JSONPath(text)
        } else {
            template = nil
        }
    }

    /// Prints what is there, as kubectl does, and throws where something that was named is not.
    func print(_ view: ClusterView) throws {
        let (resources, missing) = try query.resources(in: view)
        if !resources.isEmpty || missing.isEmpty { try print(resources, view) }
        if let error = CommandError.joined(missing.map(CommandError.notFound)) { throw error }
    }

    private func print(_ resources: [Resource], _ view: ClusterView) throws {
        let output = context.standardOutput
        switch format {
        case .yaml: output.write(ObjectText.text(machineNode(resources), as: .yaml))
        case .json: output.write(ObjectText.text(machineNode(resources), as: .json))
        case .jsonPath: output.write(template?.evaluate(machineNode(resources)) ?? "")
        case .name: resources.forEach { output.writeLine($0.key.qualifiedName) }
        case .wide, nil: try printTables(resources, view)
        }
    }

    /// Rows without titles for objects that changed, for `-w`; machine forms print one object a line.
    func printRows(_ resources: [Resource], _ view: ClusterView) throws {
        for resource in resources where query.covers(resource) {
            let output = context.standardOutput
            switch format {
            case .yaml: output.write("---\n" + ObjectText.text(ObjectText.node(resource), as: .yaml))
            case .json: output.writeLine(JSONWriter.write(ObjectText.node(resource), pretty: false))
            case .jsonPath: output.writeLine(template?.evaluate(ObjectText.node(resource)) ?? "")
            case .name: output.writeLine(resource.key.qualifiedName)
            case .wide, nil: output.write(try table(of: [resource], view).textWithoutTitles)
            }
        }
    }

    private func machineNode(_ resources: [Resource]) -> Node {
        ObjectText.node(resources, asList: !query.namesOneObject)
    }

    private func printTables(_ resources: [Resource], _ view: ClusterView) throws {
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
            context.standardOutput.write(try table(of: Array(group), view).text)
        }
    }

    func table(of group: [Resource], _ view: ClusterView) throws -> Table {
        let ready = try readyEndpoints(of: group, view)
        let isWide = if case .wide = format { true } else { false }
        let table = ResourceTable(
            kind: group[0].kind,
            isWide: isWide,
            showsNamespace: query.namespace == nil && group[0].kind.isNamespaced,
            now: context.now(),
            readyEndpoints: { ready[$0.key] ?? 0 }
        )
        return table.table(of: group, namePrefix: query.hasSeveralKinds)
    }

    /// Deployments show how many endpoints carry their labels; nothing else needs to know.
    private func readyEndpoints(of group: [Resource], _ view: ClusterView) throws -> [ResourceKey: Int] {
        var ready: [ResourceKey: Int] = [:]
        for resource in group {
            guard let labels = resource.deployment?.template.labels, let first = labels.first else {
                continue
            }
            let token = IndexToken.label(first.key, first.value, namespace: resource.namespace)
            ready[resource.key] = try view.resources(with: token).count { candidate in
                candidate.workloadEntry?.labels.contains(all: labels) ?? false
            }
        }
        return ready
    }
}
