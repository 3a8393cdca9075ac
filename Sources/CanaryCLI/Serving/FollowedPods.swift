// SPDX-License-Identifier: Apache-2.0

import CanaryProxy
import CanaryResources
import CanaryStore
import CanarySystem

/// Has a proxy serve the pods that a node in another process runs, and tells that node how far it has come: a pod that leaves ends when
/// no proxy sends it requests any more. Belongs to one thread at a time.
final class FollowedPods {
    private let follower: PodsFollower
    private let runtime: RuntimeStore
    private let proxy: String
    private var toTell: PodsPoint?

    private static let adoptionMilliseconds: Int64 = 1000

    /// - Parameter proxy: the id by which `runtime.db` knows the proxy.
    init(_ location: StoreLocation, of proxy: String, _ log: ServiceLog, stop: EventDescriptor) {
        follower = PodsFollower(at: location, stop: stop)
        runtime = RuntimeStore(at: location) { log.warn($0) }
        self.proxy = proxy
    }

    /// Looks once.
    func take(_ tables: ServedTables, _ proxy: Proxy) {
        if let change = follower.look() {
            if !change.changed.isEmpty || !change.removed.isEmpty {
                tables.apply(pods: change.changed, removed: change.removed, on: proxy)
            }
            toTell = change.point
        }
        guard let point = toTell, proxy.waitUntilServed(milliseconds: Self.adoptionMilliseconds) else {
            return
        }
        // What could not be told is told the next time.
        if (try? runtime.note(point, servedBy: self.proxy)) != nil { toTell = nil }
    }

    /// Until the stop signal.
    func run(_ tables: ServedTables, _ proxy: Proxy) {
        while follower.wait() { take(tables, proxy) }
    }
}
