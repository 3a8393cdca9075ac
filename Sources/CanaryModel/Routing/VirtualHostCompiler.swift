// SPDX-License-Identifier: Apache-2.0

/// Compiles hosts as clients at one kind of listener see them.
struct VirtualHostCompiler {
    /// Which match blocks exist at all, decided before any request comes.
    enum Position {
        case mesh
        /// A Gateway's server: the Gateways of VirtualServices that count, and the server's port.
        case gateway(Set<GatewayReference>, port: Int)
    }

    let snapshot: ClusterSnapshot
    let scope: ClientScope
    let identifiers: RoutingIdentifiers
    let position: Position
    private let lookup: DestinationLookup

    init(snapshot: ClusterSnapshot, scope: ClientScope, identifiers: RoutingIdentifiers, position: Position) {
        self.snapshot = snapshot
        self.scope = scope
        self.identifiers = identifiers
        self.position = position
        lookup = DestinationLookup(snapshot, scope, identifiers)
    }

    /// A host of the mesh: a Service, a ServiceEntry's, or one that only a VirtualService names; `nil` where it is none.
    func meshHost(_ host: String) -> VirtualHostTable? {
        let service = snapshot.service(for: host, namespace: scope.namespace)
        let isKnown = service.map { $0.entries.isEmpty || isListed(host, $0.entries) } ?? false
        let virtualService = snapshot.meshVirtualService(
            for: host,
            namespace: scope.namespace,
            includingWildcards: isKnown
        )
        guard isKnown || virtualService != nil else { return nil }
        let routes = virtualService.map(snapshot.effectiveRoutes)
        return table(
            host,
            routes: routes,
            service: isKnown ? service : nil,
            domains: domains(host, isKnown ? service : nil)
        )
    }

    /// A host of a Gateway: the routes of all its VirtualServices, oldest first, catch-alls last.
    func gatewayHost(_ host: String, virtualServices: [Resource], redirectsToHTTPS: Bool) -> VirtualHostTable
    {
        table(
            host,
            routes: virtualServices.flatMap(snapshot.effectiveRoutes),
            service: nil,
            domains: [(host, .full)],
            redirectsToHTTPS: redirectsToHTTPS
        )
    }

    private func isListed(_ host: String, _ entries: [Resource]) -> Bool {
        entries.contains { $0.serviceEntry?.hosts.contains { $0.lowercased() == host } ?? false }
    }

    private func table(
        _ host: String,
        routes: [EffectiveRoute]?,
        service: HostService?,
        domains: [(name: String, rank: VirtualHostTable.Domain.Rank)],
        redirectsToHTTPS: Bool = false
    ) -> VirtualHostTable {
        let arena = RoutingArena()
        let destinations = DestinationCompiler(
            lookup: lookup,
            identifiers: identifiers,
            arena: arena
        )
        let policy = snapshot.policy(
            for: host,
            serviceNamespace: service?.namespace,
            clientNamespace: scope.namespace,
            clientLabels: scope.labels
        )
        let compiler = RouteCompiler(
            host: host,
            hostHashKey: policy.trafficPolicy?.hashKey,
            destinations: destinations
        )
        let entries: [RouteEntry]
        if redirectsToHTTPS {
            entries = [entry(compiler.compileHTTPSRedirect())]
        } else if let routes {
            entries = self.entries(routes, compiler, arena)
        } else {
            entries = [entry(compiler.compileDefault())]
        }
        let record = VirtualHostRecord(
            entries: arena.store(entries),
            ports: arena.store(service?.ports.map { Int32(clamping: $0.number) } ?? []),
            host: arena.store(host)
        )
        return VirtualHostTable(host: host, domains: domains, record: arena.store(record), arena: arena)
    }

    /// A match block for each entry. Those of a VirtualService behind its first catch-all are dropped; catch-alls of
    /// several VirtualServices go to the end.
    private func entries(_ routes: [EffectiveRoute], _ compiler: RouteCompiler, _ arena: RoutingArena)
        -> [RouteEntry]
    {
        var specific: [RouteEntry] = []
        var catchAlls: [RouteEntry] = []
        var finished: Set<ResourceKey> = []
        let matches = MatchCompiler(arena: arena)
        for effective in routes where !finished.contains(effective.virtualService.key) {
            let blocks = effective.route.matches.filter { exists($0, in: effective.source.namespace) }
            guard effective.route.matches.isEmpty || !blocks.isEmpty else { continue }
            let record = compiler.compile(effective)
            guard !effective.route.matches.isEmpty else {
                catchAlls.append(entry(record))
                finished.insert(effective.virtualService.key)
                continue
            }
            for block in blocks {
                let entry = RouteEntry(
                    conditions: arena.store(matches.conditions(block)),
                    port: requestPort(block),
                    matchedPrefix: MatchCompiler.matchedPrefix(block.uri),
                    route: record
                )
                guard entry.conditions.isEmpty, entry.port == 0 else {
                    specific.append(entry)
                    continue
                }
                catchAlls.append(entry)
                finished.insert(effective.virtualService.key)
                break
            }
        }
        return specific + catchAlls
    }

    private func entry(_ route: UnsafePointer<RouteRecord>) -> RouteEntry {
        RouteEntry(
            conditions: UnsafeBufferPointer(start: nil, count: 0),
            port: 0,
            matchedPrefix: 1,
            route: route
        )
    }

    /// Whether a match block counts for the clients of this listener. A Gateway's clients have no labels.
    private func exists(_ match: HTTPMatch, in namespace: String) -> Bool {
        switch position {
        case .mesh:
            guard match.gateways.isEmpty else { return match.gateways.contains(VirtualService.mesh) }
            return scope.labels.contains(all: match.sourceLabels)
                && (match.sourceNamespace ?? scope.namespace) == scope.namespace
        case .gateway(let names, let port):
            guard match.port == nil || match.port == port else { return false }
            guard match.gateways.isEmpty else {
                return match.gateways.contains {
                    GatewayReference($0, namespace: namespace).map(names.contains) ?? false
                }
            }
            return match.sourceLabels.isEmpty && match.sourceNamespace == nil
        }
    }

    private func requestPort(_ match: HTTPMatch) -> Int32 {
        if case .gateway = position { return 0 }
        return Int32(clamping: match.port ?? 0)
    }

    /// The names of a host for a client in the namespace, as istiod's `generateVirtualHostDomains`.
    private func domains(_ host: String, _ service: HostService?) -> [(
        name: String, rank: VirtualHostTable.Domain.Rank
    )] {
        guard !HostName.isWildcard(host) else { return [(host, .full)] }
        var domains: [(name: String, rank: VirtualHostTable.Domain.Rank)] = [
            (host, .full), (host + ".", .full),
        ]
        if let (name, namespace) = HostName.service(of: host) {
            domains += [("\(name).\(namespace)", .short), ("\(name).\(namespace).svc", .short)]
            if namespace == scope.namespace { domains.append((name, .short)) }
            let key = ResourceKey(.service, namespace: namespace, name: name)
            if let address = snapshot.resource(key)?.service?.clusterIP, !address.isEmpty, address != "None" {
                domains.append((address, .address))
            }
        }
        for address in Set((service?.entries ?? []).flatMap { $0.serviceEntry?.addresses ?? [] })
        where !address.contains("/") {
            domains.append((address, .address))
        }
        return domains
    }
}
