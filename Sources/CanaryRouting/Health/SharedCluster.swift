// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What all workers of a proxy share of a cluster whose DestinationRule says something about all of it: how much is under
/// way, and which endpoints are well.
/// Any table that has the cluster has the same one; clusters without such a rule have none.
package final class SharedCluster: Sendable {
    /// Envoy's: `outbound|80|v1|reviews.shop.svc.cluster.local`.
    package let name: String
    package let use = ConnectionUse()
    package let health = ClusterHealth()
    /// As the table has them that was made last.
    private let latest = Mutex(ConnectionLimits())

    package var limits: ConnectionLimits { latest.withLock(\.self) }

    func update(_ limits: ConnectionLimits) { latest.withLock { $0 = limits } }

    init(_ cluster: ClusterName) {
        name = "outbound|\(cluster.port)|\(cluster.subset)|\(cluster.host)"
    }
}
