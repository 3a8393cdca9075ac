// SPDX-License-Identifier: Apache-2.0

import CanaryProxy
import CanaryResources
import CanaryStore

/// Follows the store and hands the proxy a new routing table for each change. ``next()`` belongs to one thread at a time.
final class TablePublisher {
    private let follower: StoreFollower
    private let proxy: Proxy
    private let log: ServiceLog
    private let now: @Sendable () -> Int64
    private let tables: ServedTables
    private var hasPublished = false

    init(
        follower: StoreFollower,
        proxy: Proxy,
        tables: ServedTables,
        log: ServiceLog,
        now: @escaping @Sendable () -> Int64
    ) {
        self.follower = follower
        self.proxy = proxy
        self.tables = tables
        self.log = log
        self.now = now
    }

    enum Step {
        /// A table was installed.
        case published
        /// That of an empty cluster was installed: there is no store yet.
        case cleared
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
        tables.take(changes, on: proxy)
        hasPublished = true
        return .published
    }

    /// A store that is not there yet is an empty one; one that breaks or goes away leaves the traffic as it is.
    private func keepLastTable(because error: StoreError) -> Step {
        guard error.code == .absent, !hasPublished else { return keepLastTable(because: error.message) }
        tables.clear(on: proxy)
        hasPublished = true
        return .cleared
    }

    private func keepLastTable(because reason: String) -> Step {
        log.warn("\(reason); the traffic goes on as it was")
        proxy.setStale(since: now() / 1000, because: reason)
        return .kept
    }
}
