// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryStore

/// Writes decided changes into the store, with their place in the history of hosts.
struct ChangeWriter {
    let writer: StoreWriter
    /// The command's name, for changes that have no words of their own.
    let verb: String

    func write(_ change: ClusterChange) throws {
        let changed = change.changes.filter { $0.outcome != .unchanged }
        // Before anything is written: whose routing an object decided is asked of the state before, too.
        var notes = HostNotes()
        for item in changed {
            let summary = change.summaries[item.key] ?? defaultSummary(item)
            for host in try change.hosts(of: item) { notes.add(summary, of: item.key, to: host) }
        }
        for item in changed { try write(item) }
        for (host, note) in notes.byHost.sorted(by: { $0.key < $1.key }) {
            writer.noteHostChange(
                host,
                summary: note.summaries.joined(separator: "; "),
                objects: note.objects
            )
        }
    }

    private func write(_ item: ObjectChange) throws {
        guard let after = item.after else {
            try writer.delete(item.key)
            return
        }
        try writer.put(
            item.key,
            body: Array(JSONWriter.write(after.body, pretty: false).utf8),
            tokens: Set(after.indexTokens.map(\.text)),
            specChanged: item.before.map { $0.body.withoutMetadata != after.body.withoutMetadata } ?? true,
            routeEpochs: RouteEpochs.after(change: item.before, to: after, commit: writer.nextEpoch),
            identity: after.stored
        )
        try DeploymentHistory.note(item, in: writer)
    }

    private func defaultSummary(_ item: ObjectChange) -> String {
        let name = item.key.kind == .virtualService ? "" : " \(item.key.qualifiedName)"
        switch item.outcome {
        case .configured: return "\(verb)\(name)"
        default: return "\(item.outcome.rawValue)\(name)"
        }
    }
}

/// What one transaction does to each host.
private struct HostNotes {
    struct Note {
        var summaries: [String] = []
        var objects: [ResourceKey] = []
    }

    private(set) var byHost: [String: Note] = [:]

    mutating func add(_ summary: String, of key: ResourceKey, to host: String) {
        // Objects of one kind of change stand one after the other, so that a look at the last words finds repeats.
        if byHost[host]?.summaries.last != summary { byHost[host, default: Note()].summaries.append(summary) }
        byHost[host, default: Note()].objects.append(key)
    }
}

extension ClusterChange {
    /// The hosts whose routing an object decides: before the change, after it, through delegation, and those that the command
    /// names.
    func hosts(of item: ObjectChange) throws -> Set<String> {
        guard item.key.kind.hasPast else { return [] }
        var hosts = concerned[item.key] ?? []
        if let before = item.before { hosts.formUnion(try Self.hosts(of: before, in: known)) }
        if let after = item.after { hosts.formUnion(try Self.hosts(of: after, in: self)) }
        return hosts
    }

    /// The hosts that one object routes, by itself or for those that delegate to it.
    static func hosts(of resource: Resource, in source: some ResourceSource) throws -> [String] {
        guard resource.virtualService?.isDelegate == true else { return resource.routedHosts }
        let token = IndexToken.delegate(resource.name, namespace: resource.namespace)
        return try source.keys(with: token).compactMap { try source.resource($0) }.flatMap(\.routedHosts)
    }
}

extension Resource {
    /// The hosts, by full name, whose requests this object routes, whose subsets it defines, or that it has a version grow of.
    var routedHosts: [String] {
        switch spec {
        case .virtualService(let virtualService):
            virtualService.hosts.map { HostName.resolve($0, namespace: namespace) }
        case .destinationRule(let rule): [HostName.resolve(rule.host, namespace: namespace)]
        case .rollout: [rolloutHost]
        default: []
        }
    }
}

extension Node {
    /// Everything but `metadata`, whose changes do not count as a new generation.
    fileprivate var withoutMetadata: Node {
        var copy = self
        copy.set(nil, at: "metadata")
        return copy
    }
}
