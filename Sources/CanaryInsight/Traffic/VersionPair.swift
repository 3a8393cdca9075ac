// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
package import CanaryResources

/// The stable version and the canary in a route: which destinations they are, and what they get.
package struct VersionPair: Sendable {
    /// The route that carries the split.
    package var route: EffectiveRoute
    /// The keys under which each version's requests are counted, in the present epoch.
    package var stable: Set<EvidenceKey>
    package var canary: Set<EvidenceKey>
    /// The canary's share; `nil` where others than the two get requests.
    package var share: (part: UInt64, whole: UInt64)?

    package var epoch: RouteEpoch { route.epoch }

    /// Whether a key of any epoch is one of a version's.
    package func isOfSameRoute(_ key: EvidenceKey, as one: EvidenceKey) -> Bool {
        key.owner == one.owner && key.route == one.route && key.destination == one.destination
    }
}

extension WeightPlanner {
    /// The two versions of the catch-all route, or of the one with the given name or index; `nil` while the host has no
    /// VirtualService, or a connection's route.
    package func pair(stable: String, canary: String, route selector: String? = nil) throws(WeightPlanError)
        -> VersionPair?
    {
        let toCanary = try plan(.all([canary: .whole, stable: .zero]), route: selector)
        let toStable = try plan(.all([canary: .zero, stable: .whole]), route: selector)
        guard !toCanary.isNew, let route = hostRoute(toCanary.routeIndex), let effective = route.effective
        else { return nil }
        let keys = effective.evidenceKeys(store: storeID, host: host)
        let weights = route.destinations.splitWeights.counting.map { UInt64(clamping: max($0, 0)) }
        func indices(_ plan: WeightPlan) -> [Int] {
            weights.indices.filter { plan.after.indices.contains($0) && plan.after[$0].weight > 0 }
        }
        let (mine, others) = (indices(toCanary), indices(toStable))
        let part = mine.reduce(0) { $0 &+ weights[$1] }
        let whole = weights.reduce(0, &+)
        let isPure = whole > 0 && part &+ others.reduce(0) { $0 &+ weights[$1] } == whole
        return VersionPair(
            route: effective,
            stable: Set(others.map { keys[$0] }),
            canary: Set(mine.map { keys[$0] }),
            share: isPure ? (part, whole) : nil
        )
    }
}
