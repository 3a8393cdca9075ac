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
    /// The share of the requests of which the canary gets copies.
    package var copies: Percentage?
    /// The route in front that gives the canary what matches, where there is one.
    package var front: EffectiveRoute?
    var frontIdentity: String

    package var epoch: RouteEpoch { route.epoch }

    /// The conditions of the route in front, as written.
    package var frontBlocks: [Node]? {
        front.map { $0.source.body["spec"]?["http"]?.items[$0.sourceIndex]["match"]?.items ?? [] }
    }

    /// The conditions that the route in front has where `blocks` are to match.
    package func conditions(_ blocks: [Node]) -> [Node] {
        let base = route.source.body["spec"]?["http"]?.items[route.sourceIndex]["match"]?.items ?? []
        return CanaryRouteEdit.conditions(blocks, within: base)
    }

    /// Whose requests are counted under a key of any epoch.
    package enum Part: Sendable {
        case stable, canary, copies, front
    }

    package func part(of key: EvidenceKey) -> Part? {
        guard key.owner == route.virtualService.stored?.uid ?? "" else { return nil }
        let canaries = canary.map(\.destination)
        if key.route == route.identity {
            if canaries.contains(key.destination) { return .canary }
            if stable.contains(where: { $0.destination == key.destination }) { return .stable }
            return canaries.contains { "mirror=\($0)" == key.destination } ? .copies : nil
        }
        return key.route == frontIdentity && canaries.contains(key.destination) ? .front : nil
    }
}

extension WeightPlanner {
    /// The two versions of the catch-all route, or of the one with the given name or index; `nil` while the host has no
    /// VirtualService, or a connection's route.
    ///
    /// - Parameter front: the name of the route in front that gives the canary what matches.
    package func pair(stable: String, canary: String, route selector: String? = nil, front name: String)
        throws(WeightPlanError) -> VersionPair?
    {
        let selector = counting(selector, behind: name)
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
        let destinations = mine.map { route.destinations[$0].destination }
        return VersionPair(
            route: effective,
            stable: Set(others.map { keys[$0] }),
            canary: Set(mine.map { keys[$0] }),
            share: isPure ? (part, whole) : nil,
            copies: effective.route.mirrors.first { destinations.contains($0.destination) }?.percentage,
            front: front(name, of: effective),
            frontIdentity: Self.frontIdentity(name, of: effective)
        )
    }

    /// What gives the canary its requests in another way, of the same route.
    package func plan(
        _ traffic: CanaryTraffic,
        stable: String,
        canary: String,
        route selector: String? = nil,
        front name: String
    ) throws(WeightPlanError) -> WeightPlan {
        let selector = counting(selector, behind: name)
        let share = traffic.share
        let rest = Percentage(millionths: Percentage.whole.millionths - share.millionths)
        var plan = try plan(.all([canary: share, stable: rest]), route: selector)
        let toCanary = try self.plan(.all([canary: .whole, stable: .zero]), route: selector)
        let position = toCanary.after.firstIndex { $0.weight > 0 } ?? 0
        let index = plan.isNew ? 0 : hostRoute(plan.routeIndex)?.sourceIndex ?? 0
        let routes = plan.body["spec"]?["http"]?.items ?? []
        guard var edit = CanaryRouteEdit(routes, at: index, named: name, canaryAt: position) else {
            return plan
        }
        edit.set(traffic)
        if edit.routes != routes {
            plan.body.set(.sequence(edit.routes), at: "spec", "http")
            plan.isUnchanged = false
        }
        return plan
    }

    /// A number counts the routes without the one in front.
    private func counting(_ selector: String?, behind name: String) -> String? {
        guard let selector, let number = Int(selector) else { return selector }
        let routes = snapshot.routes(of: host, namespace: namespace)
        guard let front = routes.first(where: { $0.name == name }), front.number <= number else {
            return selector
        }
        return String(number + 1)
    }

    private func front(_ name: String, of route: EffectiveRoute) -> EffectiveRoute? {
        snapshot.routes(of: host, namespace: namespace).compactMap(\.effective).first {
            $0.route.name == name && $0.source.key == route.source.key
        }
    }

    /// The identity of the route in front, whether or not there is one: it belongs to the same delegation.
    private static func frontIdentity(_ name: String, of route: EffectiveRoute) -> String {
        let own = route.source.virtualService?.http[route.sourceIndex].identity ?? route.identity
        return route.identity.dropLast(own.count) + RouteIdentity.named(name)
    }
}
