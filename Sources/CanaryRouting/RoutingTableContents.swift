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
        /// Of a redirect or direct response, else 0.
        package var status: Int
        package var timeoutMilliseconds: Int
        package var destinations: [Destination]
    }

    package struct Destination: Sendable {
        package var counter: RouteCounter
        package var isDefined: Bool
        /// The Service's port; `nil` where it depends on the request.
        package var port: Int?
        package var endpoints: [Endpoint]
    }

    package struct Endpoint: Hashable, Sendable {
        package var address: String
        package var weight: Int
        package var workload: String
        package var version: String
    }
}

extension RoutingTable {
    /// The hosts of a listener, an index of ``listeners``, in alphabetical order.
    package func contents(listener: Int32, _ identifiers: RoutingIdentifiers) -> [RoutingTableContents.Host] {
        namedHosts(listener: listener).map { table, domains in
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
            } else {
                routes.append(route(entry.route.pointee, identifiers))
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
            status: 0,
            timeoutMilliseconds: 0,
            destinations: record.destinations.compactMap { $0.contents(identifiers, at: port.port) }
        )
    }

    private func route(_ record: RouteRecord, _ identifiers: RoutingIdentifiers) -> RoutingTableContents.Route
    {
        let owner = Int(record.owner)
        return RoutingTableContents.Route(
            virtualService: virtualServices.indices.contains(owner) ? virtualServices[owner].text : "",
            index: Int(record.index),
            action: record.action,
            blocks: 1,
            status: Int(record.action == .redirect ? record.redirect.status : record.directStatus),
            timeoutMilliseconds: Int(record.timeoutMilliseconds),
            destinations: record.destinations.compactMap { $0.contents(identifiers) }
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
        var endpoints: Set<RoutingTableContents.Endpoint> = []
        for endpoint in clusters.flatMap({ Array($0.endpoints) }) {
            guard let address = identifiers.endpoint(endpoint.id) else { continue }
            let own = identifiers.counter(endpoint.counter)
            endpoints.insert(
                RoutingTableContents.Endpoint(
                    address: address.description,
                    weight: Int(endpoint.weight),
                    workload: own?.workload ?? "unknown",
                    version: own?.version ?? "unknown"
                )
            )
        }
        return RoutingTableContents.Destination(
            counter: counter,
            isDefined: clusters.contains { $0.isDefined },
            port: clusters.count == 1 ? clusters.first.map { Int($0.number) } : nil,
            endpoints: endpoints.sorted { ($0.address, $0.version) < ($1.address, $1.version) }
        )
    }
}
