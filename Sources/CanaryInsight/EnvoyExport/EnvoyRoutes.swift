// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// The effective routes of VirtualServices, worked out once: many hosts share a VirtualService. Belongs to one thread.
final class EnvoyRoutes {
    private let snapshot: ClusterSnapshot
    private var known: [ResourceKey: [EffectiveRoute]] = [:]

    init(snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
    }

    /// What a record was compiled from, by its host's VirtualServices; `nil` for one that comes from none.
    func effective(_ record: RouteRecord, of owners: [ResourceKey]) -> EffectiveRoute? {
        guard owners.indices.contains(Int(record.owner)) else { return nil }
        let owner = owners[Int(record.owner)]
        let routes = known[owner] ?? snapshot.resource(owner).map(snapshot.effectiveRoutes) ?? []
        known[owner] = routes
        return routes.indices.contains(Int(record.index)) ? routes[Int(record.index)] : nil
    }
}
