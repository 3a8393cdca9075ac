// SPDX-License-Identifier: Apache-2.0

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

    /// A route that sends requests to a Deployment, with all of its parts.
    struct Load {
        var resource: Resource
        var parts: [Part]
        /// The Deployment's own.
        var part: Part
    }

    private var loads: [ResourceKey: [Load]] = [:]

    /// More routes than that tell nothing new about a Deployment.
    private static let mostLoads = 32

    init(_ cluster: ClusterView) {
        for resource in cluster.snapshot.resources(of: .virtualService) {
            guard let spec = resource.virtualService else { continue }
            for list in spec.http.map(\.destinations) + (spec.tlsRoutes + spec.tcpRoutes).map(\.destinations)
            {
                let parts = Self.parts(list, resource, cluster)
                for part in parts {
                    for deployment in part.capacity.deployments
                    where loads[deployment.key]?.count ?? 0 < Self.mostLoads {
                        loads[deployment.key, default: []]
                            .append(Load(resource: resource, parts: parts, part: part))
                    }
                }
            }
        }
    }

    /// The parts of a destination list that get requests.
    static func parts(_ list: [WeightedDestination], _ resource: Resource, _ cluster: ClusterView) -> [Part] {
        zip(list, WeightedDestination.shares(list)).enumerated().compactMap { index, entry in
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
