// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRules

/// The VirtualService that a host without one gets when its traffic is first split.
struct NewSplit {
    private let snapshot: ClusterSnapshot
    private let host: String
    private let namespace: String

    init(_ snapshot: ClusterSnapshot, host: String, namespace: String) {
        self.snapshot = snapshot
        self.host = host
        self.namespace = namespace
    }

    func plan(_ request: WeightRequest) throws(WeightPlanError) -> WeightPlan {
        let view = HostView(host, namespace: namespace, in: snapshot)
        guard let service = view.service else { throw .unknownHost(host) }
        let catalog = VersionCatalog(view)
        let versions = Self.names(catalog, view.policy)
        let byLabel = Dictionary(catalog.versions.map { ($0.name, $0) }) { first, _ in first }
        let weights = Self.spread(versions.map { byLabel[$0.label] })
        let groups = try Self.groups(request, versions.map(\.name), versions.map(\.label))
        let after = WeightArithmetic.weights(current: weights, groups: groups)
        let owner = service.entries.isEmpty ? service.namespace : namespace
        let name = service.entries.isEmpty ? service.name : host
        let key = ResourceKey(.virtualService, namespace: owner, name: KubernetesName.subdomain(like: name))
        return WeightPlan(
            key: key,
            body: Self.body(key, name, versions.map(\.name), after),
            isNew: true,
            isUnchanged: false,
            before: zip(versions, weights).map { .init(version: $0.name, weight: $1) },
            after: zip(versions, after).map { .init(version: $0.name, weight: $1) },
            routeIndex: 0,
            routeName: ""
        )
    }

    /// Empty where there is no Service.
    var versions: [String] {
        let view = HostView(host, namespace: namespace, in: snapshot)
        return Self.names(VersionCatalog(view), view.policy).map(\.name)
    }

    /// Every version once: under its subset's name where a DestinationRule has one for it.
    private static func names(_ catalog: VersionCatalog, _ policy: HostPolicy) -> [(
        name: String, label: String
    )] {
        let named = Set(policy.subsets.map(\.name))
        let ofVersion = Dictionary(
            policy.subsets.map { ($0.labels[ResolvedDestination.versionLabel], $0.name) }
        ) { first, _ in first }
        var names = catalog.versions.compactMap(\.name).map { label in
            (name: named.contains(label) ? label : ofVersion[label] ?? label, label: label)
        }
        let taken = Set(names.map(\.name))
        for subset in policy.subsets where !taken.contains(subset.name) {
            names.append((subset.name, subset.labels[ResolvedDestination.versionLabel] ?? subset.name))
        }
        return names
    }

    /// What the traffic is like so far: by ready endpoints, else by replicas.
    private static func spread(_ versions: [VersionCatalog.Version?]) -> [Int] {
        let ready = versions.map { $0?.readyWeight ?? 0 }
        return ready.contains { $0 > 0 } ? ready : versions.map { $0?.replicas ?? 0 }
    }

    private static func groups(_ request: WeightRequest, _ names: [String], _ labels: [String])
        throws(WeightPlanError) -> [WeightArithmetic.Group]
    {
        func index(_ version: String) throws(WeightPlanError) -> Int {
            if let index = names.firstIndex(of: version) ?? labels.firstIndex(of: version) { return index }
            throw .unknownVersion(version, known: names.sorted())
        }
        switch request {
        case .one(let version, let share):
            let target = try index(version)
            let others = names.indices.filter { $0 != target }
            guard !others.isEmpty || share == .whole else { throw .onlyDestination(version) }
            let rest = Percentage(millionths: Percentage.whole.millionths - share.millionths)
            return [.init([target], share), .init(others, rest)]
        case .all(let shares):
            var groups: [WeightArithmetic.Group] = []
            for (version, share) in shares.sorted(by: { $0.key < $1.key }) {
                let position = try index(version)
                guard !groups.contains(where: { $0.indices == [position] }) else {
                    throw .repeatedVersion(version)
                }
                groups.append(.init([position], share))
            }
            return groups
        }
    }

    private static func body(_ key: ResourceKey, _ host: String, _ subsets: [String], _ weights: [Int])
        -> Node
    {
        let destinations = zip(subsets, weights).map {
            RouteSplit.node(Destination(host: host, subset: $0), $1)
        }
        return .mapping([
            "apiVersion": .string(ResourceKind.virtualService.apiVersion),
            "kind": .string(ResourceKind.virtualService.rawValue),
            "metadata": .mapping(["name": .string(key.name), "namespace": .string(key.namespace)]),
            "spec": .mapping([
                "hosts": .sequence([.string(host)]),
                "http": .sequence([.mapping(["route": .sequence(destinations)])]),
            ]),
        ])
    }
}
