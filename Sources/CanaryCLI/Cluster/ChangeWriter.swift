// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryModel
import CanaryStore

/// Writes decided changes into the store, with their place in the history of hosts.
struct ChangeWriter {
    let writer: StoreWriter
    /// The command's name, for changes that have no words of their own.
    let verb: String

    func write(_ change: ClusterChange) throws {
        var notes = HostNotes()
        for item in change.changes where item.outcome != .unchanged {
            try write(item)
            let summary = change.summaries[item.key] ?? defaultSummary(item)
            for host in try change.hosts(of: item) { notes.add(summary, of: item.key, to: host) }
        }
        for (host, note) in notes.byHost.sorted(by: { $0.key < $1.key }) {
            writer.noteHostChange(host, summary: note.summary, objects: note.objects)
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
            routeEpochs: RouteEpochs.after(change: item.before, to: after, commit: writer.nextEpoch)
        )
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
    private(set) var byHost: [String: (summary: String, objects: [ResourceKey])] = [:]

    mutating func add(_ summary: String, of key: ResourceKey, to host: String) {
        guard let note = byHost[host] else {
            byHost[host] = (summary, [key])
            return
        }
        let isNew = !note.summary.split(separator: ";").contains { $0.drop { $0 == " " } == summary }
        byHost[host] = (isNew ? "\(note.summary); \(summary)" : note.summary, note.objects + [key])
    }
}

extension ClusterChange {
    /// The hosts whose routing an object decides: before the change, after it, and through delegation.
    func hosts(of item: ObjectChange) throws -> Set<String> {
        guard [.virtualService, .destinationRule].contains(item.key.kind) else { return [] }
        var hosts: Set<String> = []
        for resource in [item.before, item.after].compactMap(\.self) {
            hosts.formUnion(resource.routedHosts)
            guard resource.virtualService?.isDelegate == true else { continue }
            let roots = try resources(with: .delegate(resource.name, namespace: resource.namespace))
            hosts.formUnion(roots.flatMap(\.routedHosts))
        }
        return hosts
    }
}

extension Resource {
    /// The hosts, by full name, whose requests this object routes or whose subsets it defines.
    var routedHosts: [String] {
        switch spec {
        case .virtualService(let virtualService):
            virtualService.hosts.map { HostName.resolve($0, namespace: namespace) }
        case .destinationRule(let rule): [HostName.resolve(rule.host, namespace: namespace)]
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
