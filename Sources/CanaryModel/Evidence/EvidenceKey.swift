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

    /// The key of a route of a host without VirtualService, where versions share the traffic by their endpoints.
    package init(store: String, service: HostService?, host: String, version: String?) {
        self.init(
            store: store,
            host: host,
            owner: service?.uid ?? "",
            route: "",
            destination: Self.destination(version: version),
            epoch: .none
        )
    }

    static func destination(version: String?) -> String {
        version.map { "version=\(RouteIdentity.ascii($0))" } ?? "version"
    }
}

extension EffectiveRoute {
    /// The key of a redirect or direct response, and of requests for which no destination can be drawn.
    package func evidenceKey(store: String, host: String) -> EvidenceKey {
        EvidenceKey(
            store: store,
            host: host,
            owner: virtualService.stored?.uid ?? "",
            route: identity,
            destination: "",
            epoch: epoch
        )
    }

    /// The keys of the route's destinations, in their order.
    package func evidenceKeys(store: String, host: String) -> [EvidenceKey] {
        var count: [String: Int] = [:]
        return route.destinations.map { weighted in
            var key = evidenceKey(store: store, host: host)
            key.destination = destinationIdentity(weighted.destination)
            let number = count[key.destination, default: 0] + 1
            count[key.destination] = number
            if number > 1 { key.destination += "|\(number)" }
            return key
        }
    }

    /// The destination of copies, which is never that of requests.
    func mirrorIdentity(_ destination: Destination) -> String {
        "mirror=\(destinationIdentity(destination))"
    }

    /// `helloworld.default.svc.cluster.local|v1|80`.
    private func destinationIdentity(_ destination: Destination) -> String {
        let port = destination.port.map(String.init) ?? ""
        return RouteIdentity.ascii("\(resolve(destination))|\(destination.subset ?? "")|\(port)")
    }
}
