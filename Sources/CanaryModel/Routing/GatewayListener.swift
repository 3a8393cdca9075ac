// SPDX-License-Identifier: Apache-2.0

/// A port that Gateways open for plain HTTP, and its hosts. All Gateways count: there is one proxy, so their selectors do not
/// choose between proxies.
struct GatewayListener: Sendable {
    struct Server: Sendable {
        var gateway: GatewayReference
        var server: Gateway.Server
    }

    var spec: ListenerSpec
    var servers: [Server]
    private(set) var index = DomainIndex()
    private var tables: [String: VirtualHostTable] = [:]

    /// The listeners of all Gateways, in the order of the Gateways' age; servers of one address and port share one.
    static func all(in snapshot: ClusterSnapshot) -> [GatewayListener] {
        var listeners: [GatewayListener] = []
        for resource in snapshot.resources(of: .gateway) {
            let reference = GatewayReference(resource.key)
            for server in resource.gateway?.servers ?? []
            where server.isPlainHTTP && (1...65535).contains(server.port) {
                let entry = Server(gateway: reference, server: server)
                let position = listeners.firstIndex {
                    $0.spec.port == server.port && $0.spec.bind == server.bind
                }
                if let position {
                    listeners[position].servers.append(entry)
                    continue
                }
                let spec = ListenerSpec(
                    kind: .gateway,
                    bind: server.bind,
                    port: server.port,
                    origin: resource.key,
                    portName: server.portName,
                    requestPort: Int32(clamping: server.port)
                )
                listeners.append(GatewayListener(spec: spec, servers: [entry]))
            }
        }
        return listeners
    }

    private init(spec: ListenerSpec, servers: [Server]) {
        self.spec = spec
        self.servers = servers
    }

    /// Every host that VirtualServices or redirecting servers may give this listener.
    func candidates(in snapshot: ClusterSnapshot) -> Set<String> {
        var hosts: Set<String> = []
        for entry in servers {
            let token = IndexToken.gateway(entry.gateway.name, namespace: entry.gateway.namespace)
            for resource in snapshot.resources(with: token) {
                for host in resource.virtualService?.hosts ?? [] {
                    hosts.insert(HostName.resolve(host, namespace: resource.namespace))
                }
            }
            if entry.server.httpsRedirect { hosts.formUnion(entry.server.hosts.map(Self.name)) }
        }
        return hosts
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
            let virtualServices = snapshot.resources(with: .host(host)).filter { accepts($0, host) }
            let redirects = servers.contains { entry in
                entry.server.httpsRedirect
                    && (entry.server.hosts.contains { Self.name($0) == host }
                        || virtualServices.contains { accepts($0, host, entry) })
            }
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
            position: .gateway(Set(servers.map(\.gateway)), port: spec.port)
        )
    }

    /// Whether a VirtualService is bound to one of the Gateways, and one of that Gateway's servers takes the host.
    private func accepts(_ resource: Resource, _ host: String) -> Bool {
        servers.contains { accepts(resource, host, $0) }
    }

    private func accepts(_ resource: Resource, _ host: String, _ entry: Server) -> Bool {
        guard let virtualService = resource.virtualService else { return false }
        let isBound = virtualService.gateways.contains {
            GatewayReference($0, namespace: resource.namespace) == entry.gateway
        }
        let owner = entry.gateway.namespace
        return isBound && Visibility.isExported(virtualService.exportTo, from: resource.namespace, to: owner)
            && entry.server.hosts.contains { accepts($0, entry, resource.namespace, host) }
    }

    /// Reads `ns/host`, `./host`, `*/host` or `host`.
    private func accepts(_ pattern: String, _ entry: Server, _ namespace: String, _ host: String) -> Bool {
        let parts = pattern.split(separator: "/", maxSplits: 1)
        if parts.count == 2, parts[0] != "*" {
            guard namespace == (parts[0] == "." ? entry.gateway.namespace : String(parts[0])) else {
                return false
            }
        }
        return Self.overlap(Self.name(pattern), host)
    }

    private static func name(_ pattern: String) -> String {
        String(pattern.split(separator: "/", maxSplits: 1).last ?? "").lowercased()
    }

    private static func overlap(_ left: String, _ right: String) -> Bool {
        left == right || HostName.pattern(left, covers: right) || HostName.pattern(right, covers: left)
    }
}
