// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources

/// Works out new weights for a route of a host. The closure of the host is snapshot enough (``HostClosure``).
package struct WeightPlanner {
    let snapshot: ClusterSnapshot
    let host: String
    let namespace: String

    /// `host` is a full name, `namespace` the client's.
    package init(_ snapshot: ClusterSnapshot, host: String, namespace: String) {
        self.snapshot = snapshot
        self.host = host
        self.namespace = namespace
    }

    /// The plan for a request on the catch-all route, or on the one with the given name or index.
    package func plan(_ request: WeightRequest, route selector: String? = nil) throws(WeightPlanError)
        -> WeightPlan
    {
        if case .all(let shares) = request {
            let sum = shares.values.reduce(0) { $0 &+ $1.millionths }
            guard sum == Percentage.whole.millionths else { throw .wrongSum(sum) }
        }
        guard !snapshot.virtualServices(for: host, namespace: namespace).isEmpty else {
            return try NewSplit(snapshot, host: host, namespace: namespace).plan(request)
        }
        let route = try find(selector, in: snapshot.routes(of: host, namespace: namespace))
        guard !route.destinations.isEmpty else { throw .notForwarding(route.label) }
        return try RouteSplit(snapshot, route, namespace: namespace).plan(request)
    }

    /// The versions that a request may name: of one route, or of all that have weights.
    package func versions(in selector: String?) -> [String] {
        guard !snapshot.virtualServices(for: host, namespace: namespace).isEmpty else {
            return NewSplit(snapshot, host: host, namespace: namespace).versions
        }
        let routes = snapshot.routes(of: host, namespace: namespace)
        let chosen = routes.filter { selector == nil || $0.name == selector || String($0.number) == selector }
        let versions = chosen.flatMap { RouteSplit(snapshot, $0, namespace: namespace).knownVersions }
        return Set(versions).sorted()
    }

    var storeID: String { snapshot.storeID }

    /// The route of a number.
    func hostRoute(_ number: Int) -> HostRoute? {
        snapshot.routes(of: host, namespace: namespace).first { $0.number == number }
    }

    private func find(_ selector: String?, in routes: [HostRoute]) throws(WeightPlanError) -> HostRoute {
        guard let selector else {
            if let route = routes.first(where: \.isCatchAll) { return route }
            throw .noCatchAll(known: Self.labels(routes))
        }
        let named = routes.filter { $0.name == selector && !selector.isEmpty }
        guard named.count <= 1 else { throw .ambiguousRoute(selector, numbers: named.map(\.number)) }
        if let route = named.first ?? routes.first(where: { String($0.number) == selector }) { return route }
        throw .unknownRoute(selector, known: Self.labels(routes))
    }

    /// What `--route` takes: names, and numbers where a name is missing or not alone.
    private static func labels(_ routes: [HostRoute]) -> [String] {
        let counts = Dictionary(routes.map { ($0.name, 1) }, uniquingKeysWith: +)
        return routes.map { counts[$0.name] == 1 ? $0.label : String($0.number) }
    }
}
