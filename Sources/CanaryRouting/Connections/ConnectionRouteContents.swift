// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// A route of connections that are passed on as they are, for whoever tells others of it. Valid while its ``RoutingTable`` is kept.
package struct ConnectionRouteContents {
    /// The name that clients ask for, in lower case: `a.example`, `*.example`, `*`; `nil` for any, and for none.
    package var serverName: String?
    /// One of which the connection must have been made to, each an address and how many of its bits count; none for any.
    package var subnets: [(address: String, length: Int)]
    /// Those with a weight.
    package var destinations: [DestinationHandle]
    package var totalWeight: UInt64
}

extension VirtualHostHandle {
    /// The routes of a port's connections in their order; those by name, or the others.
    package func connectionRoutes(port: Int32, byName: Bool) -> [ConnectionRouteContents] {
        record.pointee.opaquePorts.filter { $0.port == port && $0.isTLS == byName }.flatMap { opaque in
            opaque.routes.map { route in
                ConnectionRouteContents(
                    serverName: route.serverName.isMissing
                        ? nil : (route.isWildcard ? "*" : "") + route.serverName.text,
                    subnets: route.subnets.map(\.parts),
                    destinations: route.destinations.indices.map {
                        DestinationHandle(route.destinations.pointer($0), port: port)
                    },
                    totalWeight: route.totalWeight
                )
            }
        }
    }
}
