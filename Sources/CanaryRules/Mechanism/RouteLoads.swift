// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Which shares of which routes the Deployments have to answer.
struct RouteLoads {
    /// A destination that gets requests.
    struct Part {
        var destination: Destination
        var share: Double
        var capacity: VersionCapacity
        /// Of the list's entries.
        var index: Int
    }

    /// A route that sends requests to a Deployment.
    struct Load {
        var resource: Resource
        /// Of the HTTP route; `nil` for a TLS or TCP route.
        var index: Int?
        /// What may have most replicas in it.
        var largest: LargestVersion?
        /// The Deployment's own.
        var part: Part

        /// `route 0 of VirtualService "default/reviews"`
        var label: String {
            let route = index.map { "route \($0)" } ?? "a TLS or TCP route"
            return "\(route) of VirtualService \"\(resource.namespace)/\(resource.name)\""
        }
    }

    private var loads: [ResourceKey: [Load]] = [:]
    /// How many loads the Deployments behind a destination have of it.
    private var counts: [ObjectIdentifier: Int] = [:]

    /// More routes than that tell nothing new about a Deployment.
    private static let mostLoads = 32

    init(_ cluster: ClusterView) {
        for resource in cluster.references.virtualServices {
            guard let spec = resource.virtualService else { continue }
            for (index, route) in spec.http.enumerated() {
                add(route.destinations, index, resource, cluster)
            }
            for route in spec.tlsRoutes + spec.tcpRoutes {
                add(route.destinations, nil, resource, cluster)
            }
        }
    }

    private mutating func add(
        _ list: [WeightedDestination],
        _ index: Int?,
        _ resource: Resource,
        _ cluster: ClusterView
    ) {
        let parts = Self.parts(list, resource, cluster)
        let largest = LargestVersion(parts, \.most)
        for part in parts where counts[ObjectIdentifier(part.capacity), default: 0] < Self.mostLoads {
            counts[ObjectIdentifier(part.capacity), default: 0] += 1
            let load = Load(resource: resource, index: index, largest: largest, part: part)
            for deployment in part.capacity.deployments
            where loads[deployment.key]?.count ?? 0 < Self.mostLoads {
                loads[deployment.key, default: []].append(load)
            }
        }
    }

    /// The parts of a destination list that get requests.
    static func parts(_ list: [WeightedDestination], _ resource: Resource, _ cluster: ClusterView) -> [Part] {
        zip(list, list.splitWeights.shares).enumerated().compactMap { index, entry in
            guard entry.1 > 0 else { return nil }
            let destination = entry.0.destination
            return Part(
                destination: destination,
                share: entry.1,
                capacity: cluster.capacity(of: destination, in: resource),
                index: index
            )
        }
    }

    /// The routes that send requests to a Deployment.
    func loads(of deployment: ResourceKey) -> [Load] { loads[deployment] ?? [] }
}
