// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A port that Gateways open for HTTP, and its hosts, or for TCP, or for both within TLS. All Gateways count: there is one proxy, so their selectors do not
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
    /// Where connections go, at a port for TCP or TLS; `nil` where no route takes them.
    private(set) var connections: VirtualHostTable?
    /// What clients' TLS is dealt with by, at a port for it.
    let tls: TLSListenerSettings?
    /// The hosts of the VirtualServices that may have routes for them.
    private var connectionHosts: Set<String> = []
    private var tables: [String: VirtualHostTable] = [:]

    private struct Place: Hashable {
        var port: Int
        var bind: String?
    }

    /// The listeners of all Gateways, in the order of the Gateways' age; servers of one address and port share one, and speak
    /// what the first of them does.
    static func all(in snapshot: ClusterSnapshot) -> [GatewayListener] {
        var specs: [ListenerSpec] = []
        var servers: [Place: [Server]] = [:]
        for resource in snapshot.resources(of: .gateway) {
            let reference = GatewayReference(resource.key)
            for server in resource.gateway?.servers ?? []
            where server.form != nil && (1...65535).contains(server.port) {
                let place = Place(port: server.port, bind: server.bind)
                if servers[place] == nil {
                    let topology = resource.gateway?.topology
                    specs.append(ListenerSpec(server, of: resource.key, topology))
                }
                if let first = servers[place]?.first, first.server.form != server.form { continue }
                servers[place, default: []].append(Server(gateway: reference, server: server))
            }
        }
        return specs.map { spec in
            GatewayListener(spec, servers[Place(port: spec.port, bind: spec.bind)] ?? [], snapshot)
        }
    }

    private init(_ spec: ListenerSpec, _ servers: [Server], _ snapshot: ClusterSnapshot) {
        self.spec = spec
        self.servers = servers
        let settings = servers.compactMap { TLSServerSettings($0.server, of: $0.gateway, in: snapshot) }
        tls = spec.isTLS ? TLSListenerSettings(servers: settings) : nil
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
        if spec.isOpaque || spec.isTLS { compileConnections(hosts, snapshot, identifiers) }
        guard !spec.isOpaque else { return }
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

    private mutating func compileConnections(
        _ hosts: Set<String>,
        _ snapshot: ClusterSnapshot,
        _ identifiers: RoutingIdentifiers
    ) {
        let bound = hosts.filter { host in
            snapshot.resources(with: .host(host)).contains { accepts($0, host, \.all) }
        }
        guard !bound.isEmpty || !connectionHosts.isDisjoint(with: hosts) else { return }
        connectionHosts = connectionHosts.subtracting(hosts).union(bound)
        var virtualServices: [ResourceKey: Resource] = [:]
        for host in connectionHosts {
            for resource in snapshot.resources(with: .host(host)) where accepts(resource, host, \.all) {
                virtualServices[resource.key] = resource
            }
        }
        connections = compiler(snapshot, identifiers)
            .gatewayConnections(port: spec.port, virtualServices.values.sorted(by: Resource.isOlder))
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

extension Gateway.Server {
    fileprivate enum Form {
        case http, tcp, tls
    }

    /// What its clients begin with; `nil` where the proxy does not speak it.
    fileprivate var form: Form? { isPlainHTTP ? .http : isPlainTCP ? .tcp : isTLS ? .tls : nil }
}

extension ListenerSpec {
    fileprivate init(_ server: Gateway.Server, of gateway: ResourceKey, _ topology: GatewayTopology?) {
        self.init(
            kind: .gateway,
            bind: server.bind,
            port: server.port,
            origin: gateway,
            portName: server.portName,
            requestPort: Int32(clamping: server.port),
            isOpaque: server.isPlainTCP,
            isTLS: server.isTLS,
            topology: topology
        )
    }
}
