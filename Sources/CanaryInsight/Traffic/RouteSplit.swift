// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The destinations of an existing route, by the versions that people call them.
struct RouteSplit {
    /// A destination, as it stands in the route or is about to be added.
    private struct Target {
        var destination: Destination
        var resolved: ResolvedDestination
        var weight: Int
        var isAdded: Bool
    }

    private let hosts: HostViews
    private let route: HostRoute
    private var targets: [Target]

    init(_ snapshot: ClusterSnapshot, _ route: HostRoute, namespace: String) {
        let hosts = HostViews(snapshot, namespace: namespace)
        self.hosts = hosts
        self.route = route
        targets = zip(route.destinations, route.destinations.splitWeights.counting).map { weighted, weight in
            Target(
                destination: weighted.destination,
                resolved: hosts[route.resolve(weighted.destination)].destination(
                    weighted.destination.subset
                ),
                weight: weight,
                isAdded: false
            )
        }
    }

    func plan(_ request: WeightRequest) throws(WeightPlanError) -> WeightPlan {
        var split = self
        let groups: [WeightArithmetic.Group]
        switch request {
        case .one(let version, let share):
            let indices = try split.indices(of: version)
            let chosen = Set(indices)
            let others = split.targets.indices.filter { !chosen.contains($0) }
            guard !others.isEmpty || share == .whole else { throw .onlyDestination(version) }
            let rest = Percentage(millionths: Percentage.whole.millionths - share.millionths)
            groups = [.init(indices, share), .init(others, rest)]
        case .all(let shares):
            var found: [WeightArithmetic.Group] = []
            for (version, share) in shares.sorted(by: { $0.key < $1.key }) {
                let indices = try split.indices(of: version)
                guard !found.contains(where: { !Set($0.indices).isDisjoint(with: indices) }) else {
                    throw .repeatedVersion(version)
                }
                found.append(.init(indices, share))
            }
            groups = found
        }
        let weights = WeightArithmetic.weights(current: split.targets.map(\.weight), groups: groups)
        return split.plan(weights)
    }

    /// The destinations that a version means; a known version that the route lacks is added.
    private mutating func indices(of version: String) throws(WeightPlanError) -> [Int] {
        let owner = route.source.namespace
        let meanings: [(Target) -> Bool] = [
            { $0.destination.subset == version },
            { Self.versionLabel($0.resolved) == version },
            { $0.resolved.host == HostName.fromUser(version, namespace: owner) },
        ]
        for meaning in meanings {
            let found = targets.indices.filter { meaning(targets[$0]) }
            if !found.isEmpty { return found }
        }
        return [try add(version)]
    }

    private mutating func add(_ version: String) throws(WeightPlanError) -> Int {
        let knowing = Set(targets.map(\.resolved.host)).filter { versions(of: $0).contains(version) }
        guard let sibling = targets.first(where: { knowing.contains($0.resolved.host) })
        else { throw .unknownVersion(version, known: knownVersions) }
        guard
            targets.allSatisfy({ $0.resolved.host != sibling.resolved.host || $0.destination.subset != nil })
        else { throw .wholeHost(sibling.resolved.host) }
        let subsets = sibling.resolved.policy.subsets
        let subset =
            subsets.first { $0.name == version }
            ?? subsets.first { $0.labels[ResolvedDestination.versionLabel] == version }
        var destination = sibling.destination
        destination.subset = subset?.name ?? version
        let resolved = hosts[sibling.resolved.host].destination(destination.subset)
        targets.append(Target(destination: destination, resolved: resolved, weight: 0, isAdded: true))
        return targets.count - 1
    }

    var knownVersions: [String] {
        var known: Set<String> = []
        for host in Set(targets.map(\.resolved.host)) { known.formUnion(versions(of: host)) }
        known.formUnion(targets.compactMap(\.destination.subset))
        // Hosts are versions too, where nothing else tells destinations apart.
        if known.isEmpty { known.formUnion(targets.map { HostName.short($0.resolved.host) }) }
        return known.sorted()
    }

    private func versions(of host: String) -> Set<String> {
        let view = hosts[host]
        return Set(VersionCatalog(view).versions.compactMap(\.name)).union(view.policy.subsets.map(\.name))
    }

    /// The one value of the version label that a destination's endpoints have, by its subset or its Service's selector.
    private static func versionLabel(_ resolved: ResolvedDestination) -> String? {
        resolved.labels?[ResolvedDestination.versionLabel]
            ?? resolved.service?.selector[ResolvedDestination.versionLabel]
    }

    private func plan(_ weights: [Int]) -> WeightPlan {
        let before = targets.map(\.weight)
        let isUnchanged =
            !targets.contains(where: \.isAdded) && WeightArithmetic.isSameSplit(before, weights)
        return WeightPlan(
            key: route.source.key,
            body: isUnchanged ? route.source.body : edited(weights),
            isNew: false,
            isUnchanged: isUnchanged,
            before: shares(before, where: { !$0.isAdded }),
            after: shares(isUnchanged ? before : weights, where: { _ in true }),
            routeIndex: route.number,
            routeName: route.name
        )
    }

    private func shares(_ weights: [Int], where isIncluded: (Target) -> Bool) -> [WeightPlan.Share] {
        zip(targets, weights).filter { isIncluded($0.0) }.map { target, weight in
            let version =
                target.destination.subset ?? Self.versionLabel(target.resolved)
                ?? HostName.short(target.resolved.host)
            return WeightPlan.Share(version: version, weight: weight)
        }
    }

    /// The object with the new weights in their places; everything else stays as it was written.
    private func edited(_ weights: [Int]) -> Node {
        var body = route.source.body
        var routes = body["spec"]?[route.list.rawValue]?.items ?? []
        guard routes.indices.contains(route.sourceIndex) else { return body }
        var entries = routes[route.sourceIndex]["route"]?.items ?? []
        for (index, weight) in weights.enumerated() {
            if entries.indices.contains(index) {
                entries[index].set(.integer(Int64(weight)), at: "weight")
            } else {
                entries.append(Self.node(targets[index].destination, weight))
            }
        }
        routes[route.sourceIndex].replace(entries, under: "route")
        var spec = body["spec"] ?? .mapping([:])
        spec.replace(routes, under: route.list.rawValue)
        body.set(spec, at: "spec")
        return body
    }

    static func node(_ destination: Destination, _ weight: Int) -> Node {
        var target = Node.mapping(["host": .string(destination.host)])
        if let subset = destination.subset { target.set(.string(subset), at: "subset") }
        if let port = destination.port { target.set(.integer(Int64(port)), at: "port", "number") }
        return .mapping(["destination": target, "weight": .integer(Int64(weight))])
    }
}

extension Node {
    /// Replaces the items of a list and keeps the list's place.
    fileprivate mutating func replace(_ items: [Node], under key: String) {
        let position = self[key]?.position ?? .unknown
        set(Node(.sequence(items), at: position), at: key)
    }
}
