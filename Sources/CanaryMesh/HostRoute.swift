// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// A route of a host under the number that people call it by: `index` in reports, `--route` on the command line.
///
/// One numbering holds for all VirtualServices of the host: first the HTTP routes of those that decide at its place of entry,
/// which are the ones that reports show, then their TLS and TCP routes, then what other Gateways have for the host.
package struct HostRoute: Sendable {
    /// The list in `spec` that a route stands in.
    package enum List: String, Sendable, CaseIterable {
        case http, tls, tcp
    }

    package var number: Int
    package var list: List
    /// Empty for routes without a name, and for all TLS and TCP routes.
    package var name: String
    package var isCatchAll: Bool
    package var destinations: [WeightedDestination]
    /// The VirtualService that holds the destinations, and the position in its list.
    package var source: Resource
    package var sourceIndex: Int
    /// What the proxy serves; `nil` for TLS and TCP routes.
    package var effective: EffectiveRoute?

    /// The full name of a destination's host.
    package func resolve(_ destination: Destination) -> String {
        HostName.resolve(destination.host, namespace: source.namespace)
    }

    /// What `--route` takes for it, where no other route has the name.
    package var label: String { name.isEmpty ? String(number) : name }
}

extension HostRoute {
    fileprivate init(_ route: EffectiveRoute) {
        number = 0
        list = .http
        name = route.route.name
        isCatchAll = route.route.isCatchAll
        destinations = route.route.destinations
        source = route.source
        sourceIndex = route.sourceIndex
        effective = route
    }

    fileprivate init(_ route: L4Route, _ list: List, _ source: Resource, _ index: Int) {
        number = 0
        self.list = list
        name = ""
        isCatchAll = route.isCatchAll
        destinations = route.destinations
        self.source = source
        sourceIndex = index
        effective = nil
    }
}

extension ClusterSnapshot {
    /// The routes of a host, in the order of their numbers.
    package func routes(of host: String, namespace: String) -> [HostRoute] {
        let (deciding, others) = routing(host, namespace)
        var routes = deciding.flatMap(httpRoutes) + deciding.flatMap(connectionRoutes)
        routes += others.flatMap { httpRoutes(of: $0) + connectionRoutes(of: $0) }
        for number in routes.indices { routes[number].number = number }
        return routes
    }

    /// How many ``routes(of:namespace:)`` there are.
    package func routeCount(of host: String, namespace: String) -> Int {
        let (deciding, others) = routing(host, namespace)
        return (deciding + others).reduce(0) { count, resource in
            guard let spec = resource.virtualService else { return count }
            return count + effectiveRoutes(of: resource).count + spec.tlsRoutes.count + spec.tcpRoutes.count
        }
    }

    /// The VirtualServices that decide about a host, and what else Gateways have for it.
    private func routing(_ host: String, _ namespace: String) -> (deciding: [Resource], others: [Resource]) {
        let deciding = virtualServices(for: host, namespace: namespace)
        let others = resources(with: .host(host)).filter { resource in
            guard let spec = resource.virtualService else { return false }
            return spec.boundGateways.contains { $0 != VirtualService.mesh }
                && !deciding.contains { $0.key == resource.key }
        }
        return (deciding, others)
    }

    private func httpRoutes(of virtualService: Resource) -> [HostRoute] {
        effectiveRoutes(of: virtualService).map { HostRoute($0) }
    }

    private func connectionRoutes(of virtualService: Resource) -> [HostRoute] {
        guard let spec = virtualService.virtualService else { return [] }
        return [(spec.tlsRoutes, HostRoute.List.tls), (spec.tcpRoutes, .tcp)].flatMap { routes, list in
            routes.enumerated().map { HostRoute($1, list, virtualService, $0) }
        }
    }
}
