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
                var snapshot = ClusterSnapshot(revision: changes.revision, objects.changed)
                snapshot.storeID = changes.storeUID
                state.replace(by: makeBuilder(snapshot))
            } else {
                state.builder.apply(
                    changed: objects.changed,
                    removed: objects.removed,
                    revision: changes.revision
                )
            }
            Self.install(&state, changes.commit, on: proxy)
            return state.damage.sentences.filter { !told.contains($0) }
        }
        news.forEach(log.warn)
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

    private static func install(_ state: inout State, _ commit: String, on proxy: Proxy) {
        state.commit = commit
        proxy.install(state.builder.table(), commit: commit, damage: state.damage.sentences)
    }
}
