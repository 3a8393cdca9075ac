// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources

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
        var last: UnsafePointer<RouteRecord>?
        for entry in entries {
            if entry.route == last, !routes.isEmpty {
                routes[routes.count - 1].blocks += 1
            } else {
                routes.append(route(entry.route.pointee, identifiers))
            }
            last = entry.route
        }
        return routes
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
    fileprivate func contents(_ identifiers: RoutingIdentifiers) -> RoutingTableContents.Destination? {
        guard let counter = identifiers.counter(counter) else { return nil }
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
