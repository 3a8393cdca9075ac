// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryProxy
import CanaryResources
import CanaryRouting
import CanaryStore

/// Follows the store and hands the proxy a new routing table for each change. Belongs to one thread at a time.
final class TablePublisher {
    private let follower: StoreFollower
    private let proxy: Proxy
    private let log: ServiceLog
    private let now: @Sendable () -> Int64
    private var builder: RoutingTableBuilder
    private var hasPublished = false
    private let makeBuilder: (ClusterSnapshot) -> RoutingTableBuilder

    init(
        follower: StoreFollower,
        proxy: Proxy,
        log: ServiceLog,
        now: @escaping @Sendable () -> Int64,
        makeBuilder: @escaping (ClusterSnapshot) -> RoutingTableBuilder
    ) {
        self.follower = follower
        self.proxy = proxy
        self.log = log
        self.now = now
        self.makeBuilder = makeBuilder
        builder = makeBuilder(ClusterSnapshot())
    }

    enum Step {
        /// A table was installed.
        case published
        /// The last table stays.
        case kept
        case stopped
    }

    /// Waits for the next change and publishes it. The first call returns at once.
    func next() -> Step {
        switch follower.next() {
        case .changed(let changes): return publish(changes)
        case .unavailable(let error):
            return keepLastTable(because: error)
        case .stopped: return .stopped
        }
    }

    private func publish(_ changes: StoreChanges) -> Step {
        let damage = DamagedObjects()
        let changed = damage.readable(changes.changed)
        // An object that cannot be read stays what it was, as far as that is known.
        for error in damage.all + changes.unreadable.map(DamagedObjects.unknownKind) {
            log.warn(error.message)
        }
        if changes.isComplete {
            var snapshot = ClusterSnapshot(revision: changes.revision, changed)
            snapshot.storeID = changes.storeUID
            builder = makeBuilder(snapshot)
        } else {
            builder.apply(changed: changed, removed: changes.deleted, revision: changes.revision)
        }
        install(commit: changes.commit)
        return .published
    }

    /// A store that is not there yet is an empty one; one that breaks or goes away leaves the traffic as it is.
    private func keepLastTable(because error: StoreError) -> Step {
        guard error.code == .absent, !hasPublished else { return keepLastTable(because: error.message) }
        install(commit: "")
        return .published
    }

    private func install(commit: String) {
        proxy.install(builder.table(), commit: commit)
        hasPublished = true
    }

    private func keepLastTable(because reason: String) -> Step {
        log.warn("\(reason); the traffic goes on as it was")
        proxy.setStale(since: now() / 1000, because: reason)
        return .kept
    }
}
