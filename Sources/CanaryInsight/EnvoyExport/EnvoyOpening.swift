// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// One listener of the routing table: its chains, and the routes of those that read requests.
struct EnvoyOpening {
    let table: RoutingTable
    /// An index of the table's listeners.
    let listener: Int
    let name: String
    let clusters: EnvoyClusters
    let tls: EnvoyTLS
    let routes: EnvoyRoutes
    let warnings: EnvoyWarnings

    private var spec: ListenerSpec { table.listeners[listener] }
    private var settings: TLSListenerSettings? { table.tls(listener: listener) }

    var chains: [EnvoyChains.Made] {
        let chains = EnvoyChains(
            spec: spec,
            settings: settings,
            connections: table.connectionHost(listener: Int32(clamping: listener)),
            name: name,
            clusters: clusters,
            tls: tls,
            warn: warnings.add
        ).all
        if chains.isEmpty {
            let owner = spec.origin?.description ?? "the mesh"
            warnings.add("\(owner): port \(spec.port) is left out: nothing that comes there goes anywhere")
        }
        return chains
    }

    func routeConfigurations(of chains: [EnvoyChains.Made]) -> [EnvoyConfiguration.RouteConfiguration] {
        chains.compactMap { made in
            guard case .requests(let name) = made.chain.traffic else { return nil }
            return .init(name: name, virtualHosts: made.server.map(hosts) ?? hosts)
        }
    }

    private var named: [(table: VirtualHostTable, domains: [String])] {
        table.namedHosts(listener: Int32(clamping: listener))
    }

    private var hosts: [Node] { named.map { node($0.table, $0.domains) } }

    /// The hosts that one server lets clients ask for. What is another server's is misdirected (RFC 9110, 15.5.20): its rules may
    /// be stricter.
    private func hosts(of server: Int) -> [Node] {
        let names = EnvoyServerNames(settings?.servers.map(\.names) ?? [])
        // Two hosts may have a part in common: it goes to the one that is closer to it.
        var owners: [String: (host: Int, rank: Int)] = [:]
        for (index, host) in named.enumerated() {
            for domain in host.domains {
                let rank = EnvoyServerNames.rank(domain)
                for part in names.part(of: domain, server: server) where owners[part]?.rank ?? -1 < rank {
                    owners[part] = (index, rank)
                }
            }
        }
        let own = named.enumerated().compactMap { index, host -> Node? in
            let domains = owners.filter { $0.value.host == index }.keys.sorted()
            return domains.isEmpty ? nil : node(host.table, domains)
        }
        let all = names.takesAll(server) ? [] : ["*"]
        let foreign = Set(names.others(within: server) + all).subtracting(owners.keys).sorted()
        return own + (foreign.isEmpty ? [] : [Self.misdirected(foreign)])
    }

    private static func misdirected(_ domains: [String]) -> Node {
        .message([
            "name": .string("misdirected"),
            "domains": .sequence(domains.map(Node.string)),
            "routes": .sequence([
                .message([
                    "match": .message(["prefix": .string("/")]),
                    "direct_response": .message(["status": .integer(421)]),
                ])
            ]),
        ])
    }

    private func node(_ host: VirtualHostTable, _ domains: [String]) -> Node {
        EnvoyVirtualHost(
            table: host,
            domains: domains,
            requestPort: spec.requestPort,
            clusters: clusters,
            routes: routes,
            warnings: warnings
        ).node
    }
}
