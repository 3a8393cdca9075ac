// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryStore

/// What of the store a proxy cannot read, and what it serves instead: the object as it was, if it could be read before, else
/// what allows nothing (``CanaryResources/Resource/standIn(for:tokens:stored:)``).
struct ServedDamage {
    private struct Entry {
        var error: CommandError
        /// What stands for the objects that it may have been.
        var standIns: [Resource]
        /// Of a row without a known kind, which each look at the store names anew.
        var isRow = false
        /// What is served of it is of this revision; `nil` where it could never be read.
        var keptRevision: Int64?
    }

    private var entries: [Entry] = []

    /// Takes over a change of the store.
    ///
    /// - Parameter before: what is served so far.
    /// - Returns: the objects that are served from now on and were not before, or, where the change is complete, all of them;
    ///   and those that are not served any more.
    mutating func take(_ changes: StoreChanges, before: ClusterSnapshot) -> (
        changed: [Resource], removed: [ResourceKey]
    ) {
        var changed = changes.changed
        var removed = Set(changes.deleted)
        let settled = removed.union(changed.map(\.key)).union(changes.damaged.map(\.key))
        for entry in entries where entry.isRow {
            removed.formUnion(entry.standIns.map(\.key).filter { before.resource($0)?.isDamaged == true })
        }
        entries.removeAll { entry in
            changes.isComplete || entry.isRow || entry.standIns.contains { settled.contains($0.key) }
        }
        let served = Set(changed.map(\.key))
        var kept = Set<ResourceKey>()
        for var entry in Self.entries(of: changes) {
            let intact = entry.standIns.compactMap { before.resource($0.key) }.first { !$0.isDamaged }
            if let intact, before.storeID == changes.storeUID {
                entry.keptRevision = intact.stored?.revision ?? before.revision
                if changes.isComplete, !served.contains(intact.key) { changed.append(intact) }
            } else {
                let standIns = entry.standIns.filter { !served.contains($0.key) }
                let same = standIns.filter { !changes.isComplete && Self.isServed($0, in: before) }.map(\.key)
                kept.formUnion(same)
                changed += standIns.filter { !same.contains($0.key) }
            }
            entries.append(entry)
        }
        return (changed, removed.subtracting(changed.map(\.key)).subtracting(kept).sorted())
    }

    /// Whether the same stands in already, which each look at the store makes anew: nothing has to be compiled again.
    private static func isServed(_ standIn: Resource, in before: ClusterSnapshot) -> Bool {
        guard let present = before.resource(standIn.key) else { return false }
        return present.isDamaged && present.body == standIn.body
    }

    private static func entries(of changes: StoreChanges) -> [Entry] {
        let objects = changes.damaged.map {
            Entry(error: DamagedObjects.unreadable($0.key, $0.error), standIns: [$0.standIn])
        }
        let rows = changes.unreadable.map {
            Entry(error: DamagedObjects.unknownKind($0.name), standIns: $0.standIns, isRow: true)
        }
        return objects + rows
    }

    /// For each what cannot be read, what follows and what to do, in order.
    var sentences: [String] {
        entries.map { entry in
            // What has no kind can't be named to be deleted.
            let remedy = "apply its manifest again\(entry.isRow ? "" : ", or delete it")"
            return "\(entry.error.message); \(Self.consequence(entry)); \(remedy)"
        }.sorted()
    }

    private static func consequence(_ entry: Entry) -> String {
        if let revision = entry.keptRevision {
            return "what it was at revision \(revision) goes on"
        }
        guard let routing = entry.standIns.first(where: { $0.kind.decidesRoutes }) else {
            return "the proxy goes on without it"
        }
        let hosts = routing.routedHosts.map(HostName.short)
        guard let first = hosts.first else { return "what is delegated to it gets 503" }
        return hosts.count == 1 ? "\(first) gets 503" : "\(first) and \(hosts.count - 1) more get 503"
    }
}
