// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// What the cluster knows of the route that a Rollout is for.
struct RolloutRoute {
    /// The full name.
    let host: String
    let routes: [HostRoute]
    /// The one that is meant, if there is it.
    let route: HostRoute?
    /// What the route sends requests to, with their shares of 1: the names of the version, the first of them for people.
    let shares: [(names: [String], share: Double)]

    init(_ spec: RolloutSpec, of resource: Resource, in cluster: ClusterView) {
        host = HostName.resolve(spec.host, namespace: resource.namespace)
        routes = cluster.routes(of: host, namespace: resource.namespace)
        route = Self.find(spec.route, among: routes)
        guard let route else {
            shares = []
            return
        }
        let parts = route.destinations.splitWeights.shares
        shares = zip(route.destinations, parts).map { entry, share in
            (Self.names(entry.destination, cluster.destination(entry.destination, of: route.source)), share)
        }
    }

    private static func find(_ name: RouteName?, among routes: [HostRoute]) -> HostRoute? {
        switch name {
        case nil: routes.first { $0.isCatchAll && $0.list == .http }
        case .index(let index): routes.first { $0.number == index }
        case .name(let name): routes.first { $0.name == name }
        }
    }

    private static func names(_ destination: Destination, _ resolved: ResolvedDestination) -> [String] {
        let version = resolved.labels?[ResolvedDestination.versionLabel]
        let host = destination.host.split(separator: ".").first.map(String.init)
        return [destination.subset, version, host, destination.host].compactMap(\.self)
    }

    /// The version with the largest share besides the canary.
    func stable(besides canary: String) -> (names: [String], share: Double)? {
        shares.filter { !$0.names.contains(canary) }.max { $0.share < $1.share }
    }

    func share(of version: String) -> Double {
        shares.filter { $0.names.contains(version) }.reduce(0) { $0 + $1.share }
    }
}
