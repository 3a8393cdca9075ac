// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRules
import CanaryStore

/// The cluster at one revision, as the store has it: stored texts become resources.
struct StoredCluster: ResourceSource {
    /// `nil` where there is no store yet, which is an empty cluster.
    let reader: StoreReader?
    /// The pods that a node runs.
    var running = RunningPods.none
    /// The objects that could not be read so far.
    let damage = DamagedObjects()

    /// What could not be read so far, and what nobody can ask for, an error for each.
    func unreadable() throws -> [CommandError] {
        damage.all + (try reader?.rowsOfUnknownKind() ?? []).map { DamagedObjects.unknownKind($0.name) }
    }

    var revision: Int64 { reader?.revision ?? 0 }
    /// The store's id; empty where there is no store.
    var storeID: String { reader?.storeUID ?? "" }

    func resource(_ key: ResourceKey) throws -> Resource? {
        if key.kind == .pod, let pod = running.all.first(where: { $0.key == key }) { return pod }
        guard let reader, let object = try reader.object(key) else { return nil }
        return try damage.read(object) ?? reader.standIn(for: object)
    }

    func resources(with token: IndexToken) throws -> [Resource] {
        let pods = token.isOfWorkloads ? running.all.filter { $0.indexTokens.contains(token) } : []
        return try decisive(reader?.objects(token: token.text) ?? []).sorted(by: Resource.isOlder) + pods
    }

    /// Objects with what stands for those that decide about routes and cannot be read, for without them more would be allowed
    /// than was.
    private func decisive(_ objects: [StoredObject]) throws -> [Resource] {
        try objects.compactMap { object in
            if let resource = damage.read(object) { return resource }
            return object.key.kind.decidesRoutes ? try reader?.standIn(for: object) : nil
        }
    }

    func keys(with token: IndexToken) throws -> [ResourceKey] {
        try reader?.keys(token: token.text) ?? []
    }

    /// The objects of a kind by namespace and name; of all namespaces where none is given.
    func resources(of kind: ResourceKind, namespace: String?) throws -> [Resource] {
        let stored = try reader?.objects(kind: kind, namespace: kind.isNamespaced ? namespace : nil) ?? []
        guard kind == .pod else { return damage.readable(stored) }
        return damage.readable(stored) + running.all.filter { namespace == nil || $0.namespace == namespace }
    }

    /// Every object.
    func snapshot() throws -> ClusterSnapshot {
        var snapshot = ClusterSnapshot(
            revision: revision,
            try decisive(reader?.objects() ?? []) + running.all
        )
        try addRowsOfUnknownKind(to: &snapshot)
        return snapshot
    }

    /// What decides the traffic of some hosts.
    func closure(of hosts: [String]) throws -> ClusterSnapshot {
        var snapshot = try HostClosure.load(hosts, from: self, revision: revision)
        try addRowsOfUnknownKind(to: &snapshot)
        return snapshot
    }

    /// Adds what stands for the rows whose kind is none, as nobody can ask for them.
    func addRowsOfUnknownKind(to snapshot: inout ClusterSnapshot) throws {
        for standIn in try reader?.rowsOfUnknownKind().flatMap(\.standIns) ?? []
        where snapshot.resource(standIn.key) == nil {
            snapshot.insert(standIn)
        }
    }

    /// Fails where an object that decides about a host's routes cannot be read: a change that goes by what there is would take
    /// it for absent.
    func requireReadableRouting(of host: String) throws {
        _ = try closure(of: [host])
        let damaged = damage.errors.filter { $0.key.kind.decidesRoutes }
        if let first = damaged.min(by: { $0.key < $1.key }) { throw first.value }
        let names = Set(HostName.patterns(covering: host))
        for row in try reader?.rowsOfUnknownKind() ?? []
        where row.standIns.contains(where: {
            $0.hostsOfConcern.isEmpty || !names.isDisjoint(with: $0.hostsOfConcern)
        }) {
            throw DamagedObjects.unknownKind(row.name)
        }
    }

    /// The full name of a host as people type it. `a.b` may be a domain or the Service `a` of namespace `b`: it is the
    /// domain where something is or was known about that, else the Service.
    func host(named text: String, namespace: String) throws -> String {
        guard !text.isEmpty else {
            throw CommandError.wrongUsage(
                "no host given: the argument is empty",
                hint: "canaryctl get services,virtualservices -A lists what there is"
            )
        }
        let host = HostName.fromUser(text, namespace: namespace)
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count == 2, KubernetesName.isLabel(String(labels[1])), !HostName.isWildcard(host) else {
            return host
        }
        let isDomain =
            try !resources(with: .host(host)).isEmpty
            || reader?.history(host: host, limit: 1).isEmpty == false
        return isDomain ? host : HostName.service(String(labels[0]), namespace: String(labels[1]))
    }
}

extension ResourceKind {
    /// Whether objects of the kind say where requests go.
    var decidesRoutes: Bool { self == .virtualService || self == .destinationRule }
}
