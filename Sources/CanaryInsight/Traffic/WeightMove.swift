// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// One destination whose declared share changed between two versions of a VirtualService.
package struct WeightMove: Hashable, Sendable {
    /// The subset, or the host where there is no subset.
    package var destination: String
    /// Shares of the route, 0…1.
    package var before: Double
    package var after: Double

    package init(destination: String, before: Double, after: Double) {
        self.destination = destination
        self.before = before
        self.after = after
    }

    /// The destinations whose share changed, route by route. Routes are the same that take the same requests: only then
    /// do shares before and after mean the same thing.
    package static func between(_ before: Resource, _ after: Resource) -> [WeightMove] {
        // The last of those that match alike is taken first, so the first has to be the last.
        var known = Dictionary(grouping: routes(of: before).reversed(), by: \.matches)
        return routes(of: after).flatMap { matches, new -> [WeightMove] in
            guard let old = known[matches]?.popLast() else { return [] }
            return between(old.route, new)
        }
    }

    /// What a share belongs to.
    private struct Target: Hashable {
        var host: String
        var subset: String?

        init(_ destination: WeightedDestination) {
            host = destination.destination.host
            subset = destination.destination.subset
        }
    }

    private static func between(_ old: HTTPRoute, _ new: HTTPRoute) -> [WeightMove] {
        let (was, will) = (shares(of: old), shares(of: new))
        var seen: Set<Target> = []
        let targets = (new.destinations + old.destinations).map(Target.init)
            .filter { seen.insert($0).inserted }
        // The routes' targets differ in host or subset: who shares a subset has another host.
        let hosts = targets.reduce(into: [String: Int]()) { $0[$1.subset ?? "", default: 0] += 1 }
        return targets.compactMap { target in
            let move = WeightMove(
                destination: name(target, isAlone: hosts[target.subset ?? ""] == 1),
                before: was[target] ?? 0,
                after: will[target] ?? 0
            )
            return move.before == move.after ? nil : move
        }
    }

    /// The subset alone, unless other hosts of the route have one of that name.
    private static func name(_ target: Target, isAlone: Bool) -> String {
        guard let subset = target.subset else { return target.host }
        return isAlone ? subset : "\(subset) of \(target.host)"
    }

    private static func routes(of resource: Resource) -> [(matches: [Node], route: HTTPRoute)] {
        let nodes = resource.body["spec"]?["http"]?.items ?? []
        return zip(nodes.map { $0["match"]?.items ?? [] }, resource.virtualService?.http ?? []).map {
            ($0, $1)
        }
    }

    private static func shares(of route: HTTPRoute) -> [Target: Double] {
        zip(route.destinations, route.destinations.splitWeights.shares).reduce(into: [:]) { shares, entry in
            shares[Target(entry.0), default: 0] += entry.1
        }
    }
}
