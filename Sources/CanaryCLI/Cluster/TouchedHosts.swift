// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The hosts whose requests may go elsewhere by a change. What thousands of changed objects have in common, such as a Service
/// that selects them, is looked up once.
struct TouchedHosts<Source: ResourceSource> {
    private struct Label: Hashable {
        var key: String
        var value: String
        var namespace: String
    }

    private let source: Source
    /// The hosts that changed objects define or are a part of.
    private var used: Set<String> = []
    /// What selects a label, by the whole selector, as far as nothing changed was found to be selected by it.
    private var selecting: [Label: [[String: String]: [Resource]]] = [:]

    private init(_ source: Source) {
        self.source = source
    }

    /// The hosts that changed objects define or are a part of, and those that send to them, by what their routes are in one state
    /// of the cluster.
    private static func users(of objects: [Resource], in source: Source) throws -> Set<String> {
        var touched = TouchedHosts(source)
        for object in objects { try touched.add(object) }
        var routing: Set<ResourceKey> = []
        for host in touched.used { routing.formUnion(try source.keys(with: .destination(host))) }
        return try routing.reduce(into: touched.used) { hosts, key in
            guard let user = try source.resource(key) else { return }
            hosts.formUnion(try ClusterChange.hosts(of: user, in: source))
        }
    }

    private mutating func add(_ object: Resource) throws {
        used.formUnion(object.hostsOfConcern)
        switch object.kind {
        case .endpoints: used.insert(HostName.service(object.name, namespace: object.namespace))
        case .endpointSlice:
            if let name = object.metadata.labels[EndpointSlice.serviceNameLabel] {
                used.insert(HostName.service(name, namespace: object.namespace))
            }
        default: break
        }
        let labels = object.workloadLabels ?? [:]
        for (key, value) in labels {
            let label = Label(key: key, value: value, namespace: object.namespace)
            for selector in try selectors(of: label) where labels.contains(all: selector) {
                let found = selecting[label]?.removeValue(forKey: selector) ?? []
                used.formUnion(found.flatMap(\.hostsOfConcern))
            }
        }
    }

    private mutating func selectors(of label: Label) throws -> [[String: String]] {
        if let known = selecting[label] { return Array(known.keys) }
        let token = IndexToken.selects(label.key, label.value, namespace: label.namespace)
        let found = Dictionary(grouping: try source.resources(with: token)) {
            $0.service?.selector ?? $0.serviceEntry?.workloadSelector ?? [:]
        }
        selecting[label] = found
        return Array(found.keys)
    }
}

extension TouchedHosts where Source == ClusterChange {
    /// Those that a change touches by what it takes away, and by what it brings.
    static func of(_ change: ClusterChange) throws -> Set<String> {
        let changed = change.changes.filter { $0.outcome != .unchanged }
        let before = try TouchedHosts<KnownObjects>.users(of: changed.compactMap(\.before), in: change.known)
        let after = try users(of: changed.compactMap(\.after), in: change)
        return try changed.reduce(into: before.union(after)) { $0.formUnion(try change.hosts(of: $1)) }
    }
}
