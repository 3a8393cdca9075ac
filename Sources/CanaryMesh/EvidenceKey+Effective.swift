// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension EvidenceKey {
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

    package static func destination(version: String?) -> String {
        version.map { "version=\(RouteIdentity.ascii($0))" } ?? "version"
    }

    /// The identities of a route's destinations, repeated ones told apart by a number.
    package static func distinct(_ identities: [String]) -> [String] {
        // As almost every split: two versions, or one.
        if identities.count < 2 || identities.count == 2 && identities[0] != identities[1] {
            return identities
        }
        var count: [String: Int] = [:]
        return identities.map { identity in
            let number = count[identity, default: 0] + 1
            count[identity] = number
            return number == 1 ? identity : "\(identity)|\(number)"
        }
    }

    /// A destination whose host is resolved: `helloworld.default.svc.cluster.local|v1|80`.
    package static func destination(_ destination: Destination, at resolved: String) -> String {
        let port = destination.port.map(String.init) ?? ""
        return RouteIdentity.ascii("\(resolved)|\(destination.subset ?? "")|\(port)")
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
        let own = evidenceKey(store: store, host: host)
        let identities = route.destinations.map { destinationIdentity($0.destination) }
        return EvidenceKey.distinct(identities).map { identity in
            var key = own
            key.destination = identity
            return key
        }
    }

    /// The destination of copies, which is never that of requests.
    package func mirrorIdentity(_ destination: Destination) -> String {
        "mirror=\(destinationIdentity(destination))"
    }

    private func destinationIdentity(_ destination: Destination) -> String {
        EvidenceKey.destination(destination, at: resolve(destination))
    }
}
