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
        return table(
            host,
            virtualServices: virtualService.map { [$0] },
            service: isKnown ? service : nil,
            domains: domains(host, isKnown ? service : nil)
        )
    }

    /// A host of a Gateway: the routes of all its VirtualServices, oldest first, catch-alls last.
    func gatewayHost(_ host: String, virtualServices: [Resource], redirectsToHTTPS: Bool) -> VirtualHostTable
    {
        table(
            host,
            virtualServices: virtualServices,
            service: nil,
            domains: [(host, .full)],
            redirectsToHTTPS: redirectsToHTTPS
        )
    }

    /// What compiles destinations as this listener's clients see them.
    func destinations(in arena: RoutingArena) -> DestinationCompiler {
        DestinationCompiler(lookup: lookup, identifiers: identifiers, arena: arena)
    }

    private func isListed(_ host: String, _ entries: [Resource]) -> Bool {
        entries.contains { $0.serviceEntry?.hosts.contains { $0.lowercased() == host } ?? false }
    }

    private func table(
        _ host: String,
        virtualServices: [Resource]?,
        service: HostService?,
        domains: [(name: String, rank: VirtualHostTable.Domain.Rank)],
        redirectsToHTTPS: Bool = false
    ) -> VirtualHostTable {
        let arena = RoutingArena()
        let destinations = destinations(in: arena)
        let policy = snapshot.policy(
            for: host,
            serviceNamespace: service?.namespace,
            clientNamespace: scope.namespace,
            clientLabels: scope.labels
        )
        let owners = virtualServices ?? []
        let compiler = RouteCompiler(
            store: snapshot.storeID,
            host: host,
            hostHashKey: policy.trafficPolicy?.hashKey,
            owners: Dictionary(zip(owners.map(\.key), 0...)) { first, _ in first },
            destinations: destinations
        )
        let entries: [RouteEntry]
        if redirectsToHTTPS {
            entries = [entry(compiler.compileHTTPSRedirect())]
        } else if let virtualServices {
            entries = self.entries(virtualServices.flatMap(snapshot.effectiveRoutes), compiler, arena)
        } else {
            entries = [entry(compiler.compileDefault())]
        }
        let record = VirtualHostRecord(
            entries: arena.store(entries),
            ports: arena.store(service?.ports.map { Int32(clamping: $0.number) } ?? []),
            host: arena.store(host),
            virtualServices: arena.store(owners.map { arena.store("\($0.namespace)/\($0.name)") })
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
            let blocks = effective.route.matches.enumerated().filter {
                exclusion(of: $0.element, in: effective.source.namespace) == nil
            }
            guard effective.route.matches.isEmpty || !blocks.isEmpty else { continue }
            let record = compiler.compile(effective)
            guard !effective.route.matches.isEmpty else {
                catchAlls.append(entry(record))
                finished.insert(effective.virtualService.key)
                continue
            }
            for (position, block) in blocks {
                let entry = RouteEntry(
                    conditions: arena.store(matches.conditions(block)),
                    port: requestPort(block),
                    block: Int32(clamping: position),
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

    /// Why a match block does not count for the clients of this listener; `nil` where it does. A Gateway's clients have no
    /// labels.
    func exclusion(of match: HTTPMatch, in namespace: String) -> MatchExclusion? {
        switch position {
        case .mesh:
            guard match.gateways.isEmpty else {
                return match.gateways.contains(VirtualService.mesh) ? nil : .gateways(match.gateways)
            }
            guard scope.labels.contains(all: match.sourceLabels) else {
                return .sourceLabels(match.sourceLabels)
            }
            let wanted = match.sourceNamespace ?? scope.namespace
            return wanted == scope.namespace ? nil : .sourceNamespace(wanted)
        case .gateway(let names, let port):
            if let wanted = match.port, wanted != port { return .port(wanted) }
            guard match.gateways.isEmpty else {
                let isMeant = match.gateways.contains {
                    GatewayReference($0, namespace: namespace).map(names.contains) ?? false
                }
                return isMeant ? nil : .gateways(match.gateways)
            }
            guard match.sourceLabels.isEmpty else { return .sourceLabels(match.sourceLabels) }
            return match.sourceNamespace.map { .sourceNamespace($0) }
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
