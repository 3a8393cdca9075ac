// SPDX-License-Identifier: Apache-2.0

/// What evidence is of: one destination of one route of one host, as long as the route's split stays as it is.
///
/// It holds no position and, but for people, no revision: those come again, as another route's or another store's.
package struct EvidenceKey: Hashable, Sendable {
    /// The id of the cluster store; empty for manifests alone.
    package var store: String
    /// The full name of the host that was asked for.
    package var host: String
    /// The uid of the VirtualService, or where there is none of the Service or ServiceEntry.
    package var owner: String
    /// The route, told from others of its owner by ``HTTPRoute/identity``; empty where there is no VirtualService.
    package var route: String
    /// Empty where the proxy answers by itself.
    package var destination: String
    package var epoch: RouteEpoch

    package init(
        store: String,
        host: String,
        owner: String,
        route: String,
        destination: String,
        epoch: RouteEpoch
    ) {
        self.store = store
        self.host = host
        self.owner = owner
        self.route = route
        self.destination = destination
        self.epoch = epoch
    }

    /// Hashes what tells the keys of one store apart: tables have one for each destination of each route.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(host)
        hasher.combine(owner)
        hasher.combine(route)
        hasher.combine(destination)
        hasher.combine(epoch.revision)
    }
}
