// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// What Envoy makes of the connections of one listener (`envoy.config.listener.v3.FilterChain`), by the name that clients ask for
/// and the address that they came to.
struct EnvoyChains {
    let spec: ListenerSpec
    /// `nil` where clients begin without TLS.
    let settings: TLSListenerSettings?
    /// Whose routes connections take that are passed on as they are.
    let connections: VirtualHostHandle?
    /// The listener's, which its route configurations are called after.
    let name: String
    let clusters: EnvoyClusters
    let tls: EnvoyTLS
    let warn: (String) -> Void

    /// A chain, and which server's requests it reads.
    struct Made {
        var chain: EnvoyConfiguration.Chain
        var server: Int?
    }

    var all: [Made] {
        guard let settings else {
            return spec.isOpaque
                ? plain() : [Made(chain: .init(traffic: .requests(routes: name)), server: nil)]
        }
        let names = EnvoyServerNames(settings.servers.map(\.names))
        var taken: Set<String> = []
        return settings.servers.indices.flatMap { index in
            let server = settings.servers[index]
            return server.tls.mode.terminates
                ? ended(server, index, names, &taken) : passedOn(index, names, &taken)
        }
    }

    // MARK: - TLS

    private func ended(
        _ server: TLSServerSettings,
        _ index: Int,
        _ names: EnvoyServerNames,
        _ taken: inout Set<String>
    ) -> [Made] {
        let own = server.names.filter { taken.insert($0).inserted }
        guard !own.isEmpty, let socket = tls.socket(of: server) else { return [] }
        let routes = settings?.servers.count == 1 ? name : "\(name)-\(index + 1)"
        let traffic: EnvoyConfiguration.Chain.Traffic
        if server.isHTTP {
            traffic = .requests(routes: routes)
        } else {
            guard let first = routesOfConnections(byName: false).first else { return [] }
            traffic = .connections(proxy(first))
        }
        let chain = EnvoyConfiguration.Chain(
            match: Self.match(names: own, isTLS: true),
            traffic: traffic,
            transport: socket,
            asksForCertificates: server.tls.mode != .simple
        )
        return [Made(chain: chain, server: server.isHTTP ? index : nil)]
    }

    private func passedOn(_ index: Int, _ names: EnvoyServerNames, _ taken: inout Set<String>) -> [Made] {
        routesOfConnections(byName: true).compactMap { route in
            let own = names.part(of: route.serverName ?? "*", server: index).filter {
                !route.subnets.isEmpty || taken.insert($0).inserted
            }
            guard !own.isEmpty else { return nil }
            let match = Self.match(names: own, subnets: route.subnets, isTLS: true)
            return Made(chain: .init(match: match, traffic: .connections(proxy(route))), server: nil)
        }
    }

    // MARK: - TCP

    private func plain() -> [Made] {
        let named = spec.asksForName ? routesOfConnections(byName: true).filter { $0.serverName != nil } : []
        let rest = routesOfConnections(byName: false)
        var taken: Set<String> = []
        return (named + rest).compactMap { route in
            let match = Self.match(
                names: route.serverName.map { [$0] } ?? [],
                subnets: route.subnets,
                isTLS: route.serverName != nil
            )
            // Envoy refuses two chains that ask for the same: the first counts.
            guard taken.insert(match.map { JSONWriter.write($0) } ?? "").inserted else { return nil }
            return Made(chain: .init(match: match, traffic: .connections(proxy(route))), server: nil)
        }
    }

    private func routesOfConnections(byName: Bool) -> [ConnectionRouteContents] {
        connections?.connectionRoutes(port: spec.requestPort, byName: byName) ?? []
    }

    // MARK: - Messages

    /// `envoy.config.listener.v3.FilterChainMatch`; `nil` where it would take everything.
    private static func match(
        names: [String],
        subnets: [(address: String, length: Int)] = [],
        isTLS: Bool
    ) -> Node? {
        let ranges = subnets.map { subnet -> Node in
            .message([
                "address_prefix": .string(subnet.address), "prefix_len": .integer(Int64(subnet.length)),
            ])
        }
        // Who asks for no name is taken by a chain that names none.
        let named = names.contains("*") ? [] : names
        let match = Node.message([
            "prefix_ranges": .repeated(ranges), "server_names": .repeated(named.map(Node.string)),
            "transport_protocol": isTLS ? .string("tls") : nil,
        ])
        return match.mapping?.entries.isEmpty == true ? nil : match
    }

    /// `envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`.
    private func proxy(_ route: ConnectionRouteContents) -> Node {
        let destinations = route.destinations
        let port = spec.requestPort
        let first = destinations.first
        let idle = first?.tcpIdleTimeoutMilliseconds ?? 3_600_000
        let lifetime = first?.limits.lifetimeMilliseconds ?? 0
        let weighted = destinations.map { destination -> Node in
            .message([
                "name": .string(clusters.name(of: destination, port: port)),
                "weight": .integer(
                    EnvoyClusters.weight(
                        destination.record.pointee.weight,
                        of: route.totalWeight,
                        count: destinations.count,
                        warn
                    )
                ),
            ])
        }
        return .any(
            "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            [
                "stat_prefix": .string(name),
                // Of Istio's: nobody defines it, so that Envoy hangs up.
                "cluster": weighted.count > 1
                    ? nil : weighted.first?["name"] ?? .string("BlackHoleCluster"),
                "weighted_clusters": weighted.count > 1
                    ? .message(["clusters": .sequence(weighted)]) : nil,
                "idle_timeout": idle == 3_600_000 ? nil : .duration(milliseconds: idle),
                "max_downstream_connection_duration": lifetime > 0
                    ? .duration(milliseconds: lifetime) : nil,
            ]
        )
    }
}
