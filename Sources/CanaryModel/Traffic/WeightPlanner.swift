// SPDX-License-Identifier: Apache-2.0

/// Works out new weights for a route of a host. The closure of the host is snapshot enough (``HostClosure``).
package struct WeightPlanner {
    private let snapshot: ClusterSnapshot
    private let host: String
    private let namespace: String

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
        let virtualServices = snapshot.virtualServices(for: host, namespace: namespace)
        guard !virtualServices.isEmpty else {
            return try NewSplit(snapshot, host: host, namespace: namespace).plan(request)
        }
        let routes = virtualServices.flatMap { snapshot.effectiveRoutes(of: $0) }
        let route = try find(selector, in: routes)
        guard !route.route.destinations.isEmpty else { throw .notForwarding(Self.label(route)) }
        return try RouteSplit(snapshot, route, namespace: namespace).plan(request)
    }

    private func find(_ selector: String?, in routes: [EffectiveRoute]) throws(WeightPlanError)
        -> EffectiveRoute
    {
        let known = routes.map(Self.label)
        guard let selector else {
            if let route = routes.first(where: { $0.route.isCatchAll }) { return route }
            throw .noCatchAll(known: known)
        }
        let named = routes.filter { $0.route.name == selector && !selector.isEmpty }
        guard named.count <= 1 else { throw .ambiguousRoute(selector) }
        if let route = named.first ?? routes.first(where: { String($0.index) == selector }) { return route }
        throw .unknownRoute(selector, known: known)
    }

    private static func label(_ route: EffectiveRoute) -> String {
        route.route.name.isEmpty ? String(route.index) : route.route.name
    }
}
