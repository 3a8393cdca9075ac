// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The VirtualServices that are bound to a Gateway for one host. Istio tries the routes of all of them: those of the oldest
/// first, those that take every request last.
final class GatewayHostIndex {
    struct Place: Hashable {
        var gateway: GatewayReference
        /// As resolved in the VirtualService's namespace.
        var host: String
    }

    private struct Group: Hashable {
        var gateway: GatewayReference
        /// Oldest first.
        var members: [ResourceKey]
    }

    private var members: [Place: [Resource]] = [:]
    /// The places with several members, numbered so that those with the same Gateway and members have one number.
    private lazy var groups: [Place: Int] = {
        var numbers: [Group: Int] = [:]
        return members.filter { $0.value.count > 1 }.reduce(into: [:]) { groups, entry in
            let group = Group(gateway: entry.key.gateway, members: entry.value.map(\.key))
            let number = numbers[group] ?? numbers.count
            numbers[group] = number
            groups[entry.key] = number
        }
    }()
    private var orders: [Int: GatewayRouteOrder] = [:]

    /// Of a VirtualService with very many hosts, so many are looked at.
    private static let mostCompared = 64
    /// Hosts times gateways may be very many too.
    private static let mostPlaces = 4096
    private static let mostHosts = 256

    /// `virtualServices` are oldest first.
    init(_ virtualServices: [Resource], gateways: [Resource]) {
        var served: [GatewayReference: [GatewayHost]] = [:]
        for resource in gateways {
            let hosts = resource.gateway?.servers.flatMap(\.hosts) ?? []
            // Looking through more for each VirtualService would take too long; it is taken to be served.
            guard hosts.count <= Self.mostHosts else { continue }
            served[GatewayReference(resource.key)] = hosts.map {
                GatewayHost($0, gatewayNamespace: resource.namespace)
            }
        }
        for resource in virtualServices {
            for place in Set(Self.places(of: resource)) {
                // A host that the Gateway does not serve is a finding of its own; of an unknown Gateway all are.
                let isServed = served[place.gateway]?.contains {
                    $0.admits(place.host, from: resource.namespace)
                }
                if isServed ?? true { members[place, default: []].append(resource) }
            }
        }
    }

    private static func places(of resource: Resource) -> [Place] {
        guard let spec = resource.virtualService else { return [] }
        let gateways = spec.gateways.compactMap { GatewayReference($0, namespace: resource.namespace) }
            .filter { Visibility.isExported(spec.exportTo, from: resource.namespace, to: $0.namespace) }
        let hosts = spec.hosts.map { HostName.resolve($0, namespace: resource.namespace) }
        let places = hosts.lazy.flatMap { host in gateways.lazy.map { Place(gateway: $0, host: host) } }
        return Array(places.prefix(max(mostPlaces, hosts.count)))
    }

    /// What the order by age decides about the routes of a VirtualService.
    func findings(about resource: Resource) -> [GatewayRouteOrder.Finding] {
        var seen: Set<Int> = []
        return Self.places(of: resource).prefix(Self.mostCompared).flatMap {
            place -> [GatewayRouteOrder.Finding] in
            guard let number = groups[place], seen.insert(number).inserted else { return [] }
            let order = orders[number] ?? GatewayRouteOrder(members[place] ?? [], at: place.gateway)
            orders[number] = order
            return order.findings[resource.key] ?? []
        }
    }

    /// Whether routes of other VirtualServices stand beside those of this one anywhere.
    func hasNeighbours(_ resource: Resource) -> Bool {
        Self.places(of: resource).contains { groups[$0] != nil }
    }
}
