// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanaryStore
import CanarySystem

/// `get -w`: what is there, then each change and which it is: a row, or an object a line with `-o json`.
///
/// Objects change in the store. What a node tells changes too: its pods, and what the rows of Deployments and autoscalers say.
struct ObjectWatch {
    /// What a row says besides the object.
    private enum Told: Hashable {
        case deployment(DeploymentColumns)
        case autoscaler(targets: String, replicas: Int)
    }

    private let listing: ObjectListing
    private let session: ClusterSession
    private let store: StoreFollower
    private let node: PodsFollower
    /// What was there at the last change; `nil` until the store was read.
    private var known: [ResourceKey: Resource]?
    private var pods: [ResourceKey: Resource] = [:]
    private var told: [ResourceKey: Told] = [:]

    init(_ listing: ObjectListing, _ session: ClusterSession) {
        self.listing = listing
        self.session = session
        let stop = EventDescriptor()
        store = StoreFollower(at: session.location, stop: stop)
        node = PodsFollower(at: session.location, stop: stop)
    }

    mutating func run() throws {
        // Looks before it lists: what changes in between is shown twice rather than never.
        _ = try changes()
        _ = podChanges()
        try session.read { view in
            _ = try rowChanges(view, besides: [])
            try listing.printFirst(view)
        }
        let stream = session.context.standardOutput
        stream.flush()
        while stream.isOpen, store.wait() {
            let events = try changes() + podChanges()
            guard !events.isEmpty || hasRows else { continue }
            try session.read { view in
                let rows = try rowChanges(view, besides: Set(events.map(\.1.key)))
                try listing.printEvents(events + rows, view)
            }
            stream.flush()
        }
    }

    /// What changed in the store.
    private mutating func changes() throws -> [(WatchEvent, Resource)] {
        guard let update = store.poll() else { return [] }
        switch update {
        case .stopped: return []
        case .unavailable(let error):
            guard error.code == .absent else { throw error }
            return []
        case .changed(let changes):
            let before = known ?? [:]
            known = before.filter { !changes.deleted.contains($0.key) }
            for resource in changes.changed { known?[resource.key] = resource }
            return changes.changed.map { (before[$0.key] == nil ? .added : .modified, $0) }
                + changes.deleted.compactMap { before[$0] }.map { (.deleted, $0) }
        }
    }

    private mutating func podChanges() -> [(WatchEvent, Resource)] {
        guard listing.query.mayCover(.pod), let change = node.look() else { return [] }
        let before = pods
        for key in change.removed { pods[key] = nil }
        for pod in change.changed { pods[pod.key] = pod }
        return change.changed.map { (before[$0.key] == nil ? .added : .modified, $0) }
            + change.removed.compactMap { before[$0] }.map { (.deleted, $0) }
    }

    // MARK: - Rows

    /// Whether there may be rows that say more than the objects.
    private var hasRows: Bool {
        listing.isTable && [.deployment, .horizontalPodAutoscaler].contains(where: listing.query.mayCover)
    }

    /// Objects whose rows say something else than before.
    private mutating func rowChanges(_ view: StoredCluster, besides shown: Set<ResourceKey>) throws
        -> [(WatchEvent, Resource)]
    {
        guard hasRows else { return [] }
        let before = told
        let covered = (known ?? [:]).values.filter(listing.query.covers).sorted { $0.key < $1.key }
        told = try rows(of: covered, view)
        return covered.filter { told[$0.key] != before[$0.key] && !shown.contains($0.key) }
            .map { (.modified, $0) }
    }

    private func rows(of resources: [Resource], _ view: StoredCluster) throws -> [ResourceKey: Told] {
        let deployments = resources.filter { $0.kind == .deployment }
        let columns = try DeploymentColumns.of(deployments, view, now: session.context.now())
        var rows = columns.mapValues(Told.deployment)
        let autoscalers = resources.filter { $0.kind == .horizontalPodAutoscaler }
        guard !autoscalers.isEmpty else { return rows }
        let reports = AutoscalerReports(session.runtime)
        for resource in autoscalers {
            rows[resource.key] = reports.report(of: resource)
                .map { .autoscaler(targets: $0.targets, replicas: $0.current) }
        }
        return rows
    }
}
