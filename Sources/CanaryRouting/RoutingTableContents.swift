// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// What a routing table holds, for pages about it: read from what requests are routed by, so that it can't differ.
package struct RoutingTableContents: Sendable {
    package struct Host: Sendable {
        /// The full name.
        package var name: String
        /// What requests may call it.
        package var domains: [String]
        package var routes: [Route]
    }

    package struct Route: Sendable {
        /// `namespace/name`; empty for a host without.
        package var virtualService: String
        /// The position among the effective routes of its VirtualService.
        package var index: Int
        /// The port whose connections it passes on as they are; `nil` for a route of requests.
        package var port: Int?
        package var action: RouteAction
        /// How many match blocks lead to it.
        package var blocks: Int
        /// What each of those asks for.
        package var matches: [String]
        /// Of a redirect or direct response, else 0.
        package var status: Int
        package var timeoutMilliseconds: Int
        package var destinations: [Destination]
        /// Those that get copies of its requests.
        package var mirrors: [Destination] = []
    }

    package struct Destination: Sendable {
        package var counter: RouteCounter
        package var isDefined: Bool
        /// The Service's port; `nil` where it depends on the request.
        package var port: Int?
        package var endpoints: [Endpoint]
        /// The same for each port that requests may have addressed.
        package var clusters: [Cluster]
    }

    /// The endpoints of a destination at a port of the Service.
    package struct Cluster: Sendable {
        package var port: Int
        package var upstreamProtocol: UpstreamProtocol
        package var balancing: EndpointBalancing
        /// How TLS is spoken to the endpoints; `nil` where it is not.
        package var tls: UpstreamTLS?
        package var endpoints: [Endpoint]
    }

    package struct Endpoint: Hashable, Sendable {
        package var address: String
        /// Whether the address is a name that has to be looked up.
        package var isName: Bool
        package var weight: Int
        package var workload: String
        package var version: String
    }
}

extension RoutingTable {
    /// The hosts of a listener, an index of ``listeners``, in alphabetical order. Behind them, where clients begin with TLS, is what
    /// connections go to that are passed on as they are.
    package func contents(listener: Int32, _ identifiers: RoutingIdentifiers) -> [RoutingTableContents.Host] {
        let passedOn = connectionsBesideHosts(listener: listener).map { [($0, ["*"])] } ?? []
        return (namedHosts(listener: listener) + passedOn).map { table, domains in
            RoutingTableContents.Host(
                name: table.host,
                domains: domains,
                routes: table.record.pointee.routes(identifiers)
            )
        }
    }
}

extension VirtualHostRecord {
    fileprivate func routes(_ identifiers: RoutingIdentifiers) -> [RoutingTableContents.Route] {
        var routes: [RoutingTableContents.Route] = []
        var last: Borrowed<RouteRecord>?
        for entry in entries {
            if entry.route == last, !routes.isEmpty {
                routes[routes.count - 1].blocks += 1
                routes[routes.count - 1].matches.append(entry.text)
            } else {
                routes.append(route(entry.route.pointee, entry, identifiers))
            }
            last = entry.route
        }
        return routes + opaquePorts.flatMap { port in port.routes.map { route($0, port, identifiers) } }
    }

    private func route(
        _ record: ConnectionRouteRecord,
        _ port: OpaquePortRecord,
        _ identifiers: RoutingIdentifiers
    ) -> RoutingTableContents.Route {
        RoutingTableContents.Route(
            virtualService: record.owner.text,
            index: Int(record.index),
            port: Int(port.port),
            action: .forward,
            blocks: 1,
            matches: [record.matchText],
            status: 0,
            timeoutMilliseconds: 0,
            destinations: record.destinations.compactMap { $0.contents(identifiers, at: port.port) }
        )
    }

    private func route(_ record: RouteRecord, _ entry: RouteEntry, _ identifiers: RoutingIdentifiers)
        -> RoutingTableContents.Route
    {
        let owner = Int(record.owner)
        return RoutingTableContents.Route(
            virtualService: virtualServices.indices.contains(owner) ? virtualServices[owner].text : "",
            index: Int(record.index),
            action: record.action,
            blocks: 1,
            matches: [entry.text],
            status: Int(record.action == .redirect ? record.redirect.status : record.directStatus),
            timeoutMilliseconds: Int(record.timeoutMilliseconds),
            destinations: record.destinations.compactMap { $0.contents(identifiers) },
            mirrors: record.mirrors.compactMap { $0.destination.pointee.contents(identifiers) }
        )
    }
}

extension DestinationRecord {
    /// `port` is the only one that counts of the Service's; `nil` for all.
    fileprivate func contents(_ identifiers: RoutingIdentifiers, at port: Int32? = nil)
        -> RoutingTableContents.Destination?
    {
        guard let counter = identifiers.counter(counter) else { return nil }
        let clusters = clusters.filter { port == nil || $0.port == 0 || $0.port == port }
        let contents = clusters.map { $0.contents(identifiers) }
        return RoutingTableContents.Destination(
            counter: counter,
            isDefined: clusters.contains { $0.isDefined },
            port: clusters.count == 1 ? clusters.first.map { Int($0.number) } : nil,
            endpoints: RoutingTableContents.Endpoint.sorted(Set(contents.flatMap(\.endpoints))),
            clusters: contents
        )
    }
}

extension ClusterRecord {
    fileprivate func contents(_ identifiers: RoutingIdentifiers) -> RoutingTableContents.Cluster {
        let endpoints = endpoints.compactMap { endpoint -> RoutingTableContents.Endpoint? in
            guard let address = identifiers.endpoint(endpoint.id) else { return nil }
            let own = identifiers.counter(endpoint.counter)
            return RoutingTableContents.Endpoint(
                address: address.description,
                isName: address.isName,
                weight: Int(endpoint.weight),
                workload: own?.workload ?? "unknown",
                version: own?.version ?? "unknown"
            )
        }
        return RoutingTableContents.Cluster(
            port: Int(number),
            upstreamProtocol: upstreamProtocol,
            balancing: balancing,
            tls: upstreamTLS,
            endpoints: RoutingTableContents.Endpoint.sorted(Set(endpoints))
        )
    }
}

extension RoutingTableContents.Endpoint {
    fileprivate static func sorted(_ endpoints: Set<Self>) -> [Self] {
        endpoints.sorted { ($0.address, $0.version) < ($1.address, $1.version) }
    }
}
