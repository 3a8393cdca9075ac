// SPDX-License-Identifier: Apache-2.0

/// The VirtualServices that are bound to a Gateway for one host. Istio tries the routes of all of them: those of the oldest
/// first, those that take every request last.
struct GatewayHostIndex {
    struct Place: Hashable {
        var gateway: GatewayReference
        /// As resolved in the VirtualService's namespace.
        var host: String
    }

    private var members: [Place: [Resource]] = [:]

    init(_ snapshot: ClusterSnapshot) {
        for resource in snapshot.resources(of: .virtualService) {
            for place in Self.places(of: resource) { members[place, default: []].append(resource) }
        }
    }

    static func places(of resource: Resource) -> Set<Place> {
        guard let spec = resource.virtualService else { return [] }
        let gateways = spec.gateways.compactMap { GatewayReference($0, namespace: resource.namespace) }
            .filter { Visibility.isExported(spec.exportTo, from: resource.namespace, to: $0.namespace) }
        let hosts = spec.hosts.map { HostName.resolve($0, namespace: resource.namespace) }
        return Set(gateways.flatMap { gateway in hosts.map { Place(gateway: gateway, host: $0) } })
    }

    /// All of a place, oldest first.
    func members(of place: Place) -> [Resource] { members[place] ?? [] }

    /// Whether routes of other VirtualServices stand beside those of this one anywhere.
    func hasNeighbours(_ resource: Resource) -> Bool {
        Self.places(of: resource).contains { members(of: $0).count > 1 }
    }
}
