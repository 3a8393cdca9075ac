// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A port that Gateways open for plain HTTP, and its hosts. All Gateways count: there is one proxy, so their selectors do not
/// choose between proxies.
struct GatewayListener: Sendable {
    struct Server: Sendable {
        var gateway: GatewayReference
        var server: Gateway.Server
    }

    /// What the servers of one Gateway take.
    private struct Hosts: Sendable {
        var all: GatewayHostSet
        /// Those of servers that redirect to https.
        var redirecting: GatewayHostSet

        init(_ servers: [Gateway.Server], namespace: String) {
            all = GatewayHostSet(servers, namespace: namespace)
            redirecting = GatewayHostSet(servers.filter(\.httpsRedirect), namespace: namespace)
        }
    }

    let spec: ListenerSpec
    let servers: [Server]
    private let gateways: Set<GatewayReference>
    private let hosts: [GatewayReference: Hosts]
    private let redirectingHosts: Set<String>
    private(set) var index = DomainIndex()
    private var tables: [String: VirtualHostTable] = [:]

    private struct Place: Hashable {
        var port: Int
        var bind: String?
    }

    /// The listeners of all Gateways, in the order of the Gateways' age; servers of one address and port share one.
    static func all(in snapshot: ClusterSnapshot) -> [GatewayListener] {
        var specs: [ListenerSpec] = []
        var servers: [Place: [Server]] = [:]
        for resource in snapshot.resources(of: .gateway) {
            let reference = GatewayReference(resource.key)
            for server in resource.gateway?.servers ?? []
            where server.isPlainHTTP && (1...65535).contains(server.port) {
                let place = Place(port: server.port, bind: server.bind)
                if servers[place] == nil { specs.append(ListenerSpec(server, of: resource.key)) }
                servers[place, default: []].append(Server(gateway: reference, server: server))
            }
        }
        return specs.map { spec in
            GatewayListener(spec: spec, servers: servers[Place(port: spec.port, bind: spec.bind)] ?? [])
        }
    }

    private init(spec: ListenerSpec, servers: [Server]) {
        self.spec = spec
        self.servers = servers
        let servers = Dictionary(grouping: servers, by: \.gateway).mapValues { $0.map(\.server) }
        hosts = servers.reduce(into: [:]) { hosts, entry in
            hosts[entry.key] = Hosts(entry.value, namespace: entry.key.namespace)
        }
        gateways = Set(hosts.keys)
        redirectingHosts = Set(hosts.values.flatMap { $0.redirecting.hosts.map(\.pattern) })
    }

    /// Every host that VirtualServices or redirecting servers may give this listener.
    func candidates(among bound: inout BoundHosts) -> Set<String> {
        hosts.reduce(into: redirectingHosts) { candidates, entry in
            let patterns = entry.value.all.hosts.map(\.pattern)
            candidates.formUnion(bound.overlapping(patterns, at: entry.key))
        }
    }

    /// Compiles some hosts anew; those that are no hosts of this listener any more go.
    mutating func compile(
        _ hosts: Set<String>,
        _ snapshot: ClusterSnapshot,
        _ identifiers: RoutingIdentifiers
    ) {
        var old: [VirtualHostTable] = []
        var new: [VirtualHostTable] = []
        let compiler = compiler(snapshot, identifiers)
        for host in hosts {
            if let table = tables.removeValue(forKey: host) { old.append(table) }
            let virtualServices = snapshot.resources(with: .host(host)).filter { accepts($0, host, \.all) }
            let redirects =
                redirectingHosts.contains(host)
                || virtualServices.contains { accepts($0, host, \.redirecting) }
            guard !virtualServices.isEmpty || redirects else { continue }
            let table = compiler.gatewayHost(
                host,
                virtualServices: virtualServices,
                redirectsToHTTPS: redirects
            )
            guard let table else { continue }
            tables[host] = table
            new.append(table)
        }
        index.update(removing: old, adding: new)
    }

    func compiler(_ snapshot: ClusterSnapshot, _ identifiers: RoutingIdentifiers) -> VirtualHostCompiler {
        VirtualHostCompiler(
            snapshot: snapshot,
            scope: ClientScope(namespace: servers.first?.gateway.namespace ?? "", labels: [:]),
            identifiers: identifiers,
            position: .gateway(gateways, port: spec.port)
        )
    }

    /// Whether a VirtualService is bound to one of the Gateways, and one of that Gateway's servers takes the host.
    private func accepts(_ resource: Resource, _ host: String, _ set: KeyPath<Hosts, GatewayHostSet>) -> Bool
    {
        guard let virtualService = resource.virtualService else { return false }
        return virtualService.gateways.contains { written in
            guard let gateway = GatewayReference(written, namespace: resource.namespace),
                let taken = hosts[gateway]?[keyPath: set],
                Visibility.isExported(
                    virtualService.exportTo,
                    from: resource.namespace,
                    to: gateway.namespace
                )
            else { return false }
            return taken.admits(host, from: resource.namespace)
        }
    }
}

extension ListenerSpec {
    fileprivate init(_ server: Gateway.Server, of gateway: ResourceKey) {
        self.init(
            kind: .gateway,
            bind: server.bind,
            port: server.port,
            origin: gateway,
            portName: server.portName,
            requestPort: Int32(clamping: server.port)
        )
    }
}
