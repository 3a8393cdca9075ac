// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryProxy
import CanaryResources
import CanaryRouting
import CanaryStore
import Synchronization

/// What the proxy's tables are made from. The store changes it and so do health checks, each in a thread of its own: one after
/// the other.
final class ServedTables: Sendable {
    private struct State {
        var builder: RoutingTableBuilder
        var failing: Set<EndpointAddress> = []
        var commit = ""
        var damage = ServedDamage()
        /// Those that the node runs.
        var pods: [ResourceKey: Resource] = [:]
        /// What is served instead of what the store has.
        var lost: [ResourceKey: StableRouting] = [:]

        mutating func replace(by next: RoutingTableBuilder) {
            builder = next
            if !failing.isEmpty { builder.apply(failing: failing) }
        }
    }

    private let makeBuilder: @Sendable (ClusterSnapshot) -> RoutingTableBuilder
    private let log: ServiceLog
    private let state: Mutex<State>

    init(log: ServiceLog, makeBuilder: @escaping @Sendable (ClusterSnapshot) -> RoutingTableBuilder) {
        self.log = log
        self.makeBuilder = makeBuilder
        state = Mutex(State(builder: makeBuilder(ClusterSnapshot())))
    }

    /// Installs the table of an empty cluster.
    func clear(on proxy: Proxy) {
        state.withLock { state in
            state.replace(by: makeBuilder(ClusterSnapshot()))
            Self.install(&state, "", on: proxy)
        }
    }

    /// Installs the table of what the store holds now, and tells of what in it cannot be read.
    func take(_ changes: StoreChanges, on proxy: Proxy) {
        let news = state.withLock { state in
            let told = Set(state.damage.sentences)
            let objects = state.damage.take(changes, before: state.builder.snapshot)
            if changes.isComplete {
                var snapshot = ClusterSnapshot(
                    revision: changes.revision,
                    objects.changed + state.pods.values
                )
                snapshot.storeID = changes.storeUID
                state.replace(by: makeBuilder(snapshot))
            } else {
                state.builder.apply(
                    changed: objects.changed,
                    removed: objects.removed,
                    revision: changes.revision
                )
            }
            // The store's objects are served again until somebody looks whether their rollouts are lost.
            if changes.isComplete { state.lost = [:] }
            for key in objects.changed.map(\.key) + objects.removed { state.lost[key] = nil }
            Self.install(&state, changes.commit, on: proxy)
            return state.damage.sentences.filter { !told.contains($0) }
        }
        news.forEach(log.warn)
    }

    /// Installs the table with what became of the node's pods.
    func apply(pods changed: [Resource], removed: [ResourceKey], on proxy: Proxy) {
        state.withLock { state in
            for pod in changed { state.pods[pod.key] = pod }
            for key in removed { state.pods[key] = nil }
            state.builder.apply(changed: changed, removed: removed, revision: state.builder.snapshot.revision)
            Self.install(&state, state.commit, on: proxy)
        }
    }

    /// Installs the table without the endpoints that fail their checks.
    func apply(failing: Set<EndpointAddress>, on proxy: Proxy) {
        let reasons = Dictionary(proxy.failingEndpoints.map { ($0.address, $0.reason) }) { first, _ in first }
        let before = state.withLock { state in
            defer { state.failing = failing }
            state.builder.apply(failing: failing)
            Self.install(&state, state.commit, on: proxy)
            return state.failing
        }
        for address in failing.subtracting(before).map(\.self).sorted(by: { $0.description < $1.description })
        {
            log.warn("\(address.description) fails its health check: \(reasons[address] ?? "unknown reason")")
        }
        for address in before.subtracting(failing).map(\.description).sorted() {
            log.inform("\(address) does not fail its health check any more")
        }
    }

    /// Serves some routes as their rollouts' stable versions have them, and all others as the store has them.
    ///
    /// - Parameter commit: what of the store the routes are of.
    /// - Returns: the hosts that this is new for; `nil` where something else of the store is served by now.
    func serve(_ routings: [StableRouting], instead commit: String, on proxy: Proxy) -> LostHosts? {
        state.withLock { state in
            guard state.commit == commit else { return nil }
            let wanted = Dictionary(routings.map { ($0.stable.key, $0) }) { first, _ in first }
            let restored = state.lost.filter { wanted[$0.key] == nil }
            let new = wanted.filter { state.lost[$0.key]?.stable.body != $0.value.stable.body }
            guard !restored.isEmpty || !new.isEmpty else { return LostHosts() }
            state.builder.apply(
                changed: restored.map(\.value.stored) + new.map(\.value.stable),
                removed: [],
                revision: state.builder.snapshot.revision
            )
            func hosts(_ lost: some Collection<StableRouting>) -> Set<String> {
                lost.reduce(into: []) { $0.formUnion($1.hosts) }
            }
            let (before, now) = (hosts(state.lost.values), hosts(wanted.values))
            state.lost = wanted
            Self.install(&state, commit, on: proxy)
            return LostHosts(given: now.subtracting(before), back: before.subtracting(now))
        }
    }

    private static func install(_ state: inout State, _ commit: String, on proxy: Proxy) {
        state.commit = commit
        proxy.install(state.builder.table(), commit: commit, damage: state.damage.sentences)
    }
}
