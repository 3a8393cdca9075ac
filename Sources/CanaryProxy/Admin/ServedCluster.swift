// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// The endpoints of a host's subset at a port, and how they stand.
struct ServedCluster {
    private struct Key: Hashable {
        var name: String
        var host: String
        var subset: String
        var port: Int
    }

    private struct Member {
        var endpoint: RoutingTableContents.Endpoint
        /// The address behind an endpoint that is a name.
        var address: String
        var isEjected: Bool
    }

    private let key: Key
    private let cluster: RoutingTableContents.Cluster
    private var members: [Member] = []

    /// Envoy's name of a destination's cluster.
    static func name(_ counter: RouteCounter, _ port: Int) -> String {
        "outbound|\(port)|\(counter.subset)|\(counter.destinationHost)"
    }

    /// All that routes lead to, by name.
    static func all(
        of hosts: [RoutingTableContents.Host],
        _ identifiers: RoutingIdentifiers,
        _ resolutions: Resolutions?
    ) -> [ServedCluster] {
        var found: [Key: RoutingTableContents.Cluster] = [:]
        let routes = hosts.flatMap(\.routes)
        for destination in routes.flatMap({ $0.destinations + $0.mirrors }) {
            let counter = destination.counter
            for cluster in destination.clusters where destination.isDefined {
                let key = Key(
                    name: name(counter, cluster.port),
                    host: counter.destinationHost,
                    subset: counter.subset,
                    port: cluster.port
                )
                found[key] = cluster
            }
        }
        let standings = EndpointStandings(identifiers, resolutions)
        return found.map { ServedCluster($0, $1, standings) }.sorted { $0.key.name < $1.key.name }
    }

    private init(_ key: Key, _ cluster: RoutingTableContents.Cluster, _ standings: EndpointStandings) {
        self.key = key
        self.cluster = cluster
        members = cluster.endpoints.flatMap { endpoint in
            standings.addresses(of: endpoint.address).map { address in
                Member(
                    endpoint: endpoint,
                    address: address,
                    isEjected: standings.isEjected(address, from: key.name)
                )
            }
        }
    }

    var node: Node {
        var node = identity
        node.set(.string("outbound"), at: "direction")
        node.set(.string(cluster.endpoints.contains { $0.isName } ? "STRICT_DNS" : "EDS"), at: "type")
        node.set(.string("\(cluster.upstreamProtocol)"), at: "protocol")
        node.set(.string("\(cluster.balancing)"), at: "balancing")
        node.set(.integer(Int64(members.count)), at: "endpoints")
        if let tls = cluster.tls {
            let settings = Node.mapping([
                "mode": .string(tls.settings.tls.mode.rawValue),
                "serverName": .string(tls.settings.serverName),
            ])
            node.set(settings, at: "tls")
        }
        return node
    }

    var endpointNodes: [Node] {
        members.map { member in
            var node = identity
            node.set(.string(member.address), at: "endpoint")
            if member.address != member.endpoint.address {
                node.set(.string(member.endpoint.address), at: "hostname")
            }
            node.set(.string("HEALTHY"), at: "status")
            node.set(.string(member.isEjected ? "FAILED" : "OK"), at: "outlierCheck")
            node.set(.integer(Int64(member.endpoint.weight)), at: "weight")
            node.set(.string(member.endpoint.workload), at: "workload")
            node.set(.string(member.endpoint.version), at: "version")
            return node
        }
    }

    private var identity: Node {
        .mapping([
            "cluster": .string(key.name),
            "host": .string(key.host),
            "subset": .string(key.subset),
            "port": .integer(Int64(key.port)),
        ])
    }
}
