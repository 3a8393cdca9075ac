// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// Which Gateways serve a host at a port.
struct GatewayServerIndex {
    private struct Place: Hashable {
        var port: Int
        var bind: String
        var host: String
    }

    private var gateways: [Place: [Resource]] = [:]

    init(_ snapshot: ClusterSnapshot) {
        for resource in snapshot.resources(of: .gateway) {
            let servers = resource.gateway?.servers ?? []
            for place in Set(servers.flatMap { Self.places($0, resource.namespace) }) {
                gateways[place, default: []].append(resource)
            }
        }
    }

    private static func places(_ server: Gateway.Server, _ namespace: String) -> [Place] {
        server.hosts.map { host in
            Place(
                port: server.port,
                bind: server.bind ?? "",
                host: GatewayHost(host, gatewayNamespace: namespace).text
            )
        }
    }

    /// The other Gateways that serve a host of a server at the same port and address, oldest first.
    func others(than resource: Resource, _ server: Gateway.Server) -> [(host: String, gateway: Resource)] {
        zip(server.hosts, Self.places(server, resource.namespace)).flatMap { host, place in
            (gateways[place] ?? []).filter { $0.key != resource.key }.map { (host, $0) }
        }
    }
}
