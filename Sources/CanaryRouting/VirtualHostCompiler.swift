// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// Compiles hosts as clients at one kind of listener see them.
package struct VirtualHostCompiler {
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
        lookup = DestinationLookup(snapshot, scope)
    }

    /// A host of the mesh: a Service, a ServiceEntry's, or one that only a VirtualService names; `nil` where it is none, or
    /// where no VirtualService has routes for this client.
    func meshHost(_ host: String) -> VirtualHostTable? {
        let found = snapshot.service(for: host, namespace: scope.namespace)
        let service = found.flatMap { $0.entries.isEmpty || isListed(host, $0.entries) ? $0 : nil }
        let candidates = snapshot.meshVirtualServices(
            for: host,
            namespace: scope.namespace,
            includingWildcards: service != nil
        )
        let arena = RoutingArena()
        let asked = AskedVirtualServices(
            candidates.lazy.map { AskedVirtualServices.Candidate($0, snapshot.effectiveRoutes(of: $0)) },
            ports: service.map { $0.ports.map(\.number) } ?? [],
            exists: { exclusion(of: $0, in: $1) == nil }
        )
        let compiler = routeCompiler(host, service, asked.candidates.map(\.virtualService), arena)
        let entries = asked.decisions.flatMap { decision in
            guard let candidate = decision.candidate else {
                return service == nil ? [] : entry(compiler.compileDefault(), ports: decision.ports)
            }
            return self.entries(asked.candidates[candidate].routes, compiler, arena, ports: decision.ports)
        }
        // Where all routes are lost with their delegates, those who ask are told which.
        guard !entries.isEmpty || asked.candidates.contains(where: { isLost($0.virtualService) }) else {
            return nil
        }
        return table(
            host,
            entries: entries,
            owners: asked.candidates.map(\.virtualService),
            ports: service?.ports ?? [],
            domains: domains(host, service),
            opaquePorts: opaquePorts(service, candidates, compiler),
            arena: arena
        )
    }

    /// A host of a Gateway: the routes of all its VirtualServices, oldest first, catch-alls last; `nil` where none of them
    /// exists for the Gateway's clients.
    func gatewayHost(_ host: String, virtualServices: [Resource], redirectsToHTTPS: Bool)
        -> VirtualHostTable?
    {
        let arena = RoutingArena()
        let compiler = routeCompiler(host, nil, virtualServices, arena)
        let redirects = redirectsToHTTPS ? [redirectToHTTPS(compiler, arena)] : []
        let entries =
            redirects + self.entries(virtualServices.flatMap(snapshot.effectiveRoutes), compiler, arena)
        guard !entries.isEmpty || virtualServices.contains(where: isLost) else { return nil }
        return table(
            host,
            entries: entries,
            owners: virtualServices,
            ports: [],
            domains: [(host, .full)],
            arena: arena
        )
    }

    /// What compiles destinations as this listener's clients see them.
    package func destinations(in arena: RoutingArena) -> DestinationCompiler {
        DestinationCompiler(lookup: lookup, identifiers: identifiers, arena: arena)
    }

    private func isLost(_ resource: Resource) -> Bool {
        resource.virtualService?.http.isEmpty == false && snapshot.effectiveRoutes(of: resource).isEmpty
    }

    private func isListed(_ host: String, _ entries: [Resource]) -> Bool {
        entries.contains { $0.serviceEntry?.hosts.contains { $0.lowercased() == host } ?? false }
    }

    func routeCompiler(
        _ host: String,
        _ service: HostService?,
        _ owners: [Resource],
        _ arena: RoutingArena
    ) -> RouteCompiler {
        let policy = snapshot.policy(
            for: host,
            serviceNamespace: service?.namespace,
            clientNamespace: scope.namespace,
            clientLabels: scope.labels
        )
        return RouteCompiler(
            store: snapshot.storeID,
            host: host,
            hostHashKey: policy.trafficPolicy?.hashKey,
            owners: Dictionary(
                zip(owners, 0...).map { ($0.key, RouteCompiler.Owner($0, position: $1)) },
                uniquingKeysWith: { first, _ in first }
            ),
            destinations: destinations(in: arena)
        )
    }

    func table(
        _ host: String,
        entries: [RouteEntry],
        owners: [Resource],
        ports: [HostService.Port],
        domains: [(name: String, rank: VirtualHostTable.Domain.Rank)],
        opaquePorts: [OpaquePortRecord] = [],
        arena: RoutingArena
    ) -> VirtualHostTable {
        let record = unsafe VirtualHostRecord(
            entries: arena.store(entries),
            ports: arena.store(ports.map { Int32(clamping: $0.number) }),
            host: arena.store(host),
            virtualServices: arena.store(owners.map { arena.store("\($0.namespace)/\($0.name)") }),
            opaquePorts: arena.store(opaquePorts),
            arena: Unmanaged.passUnretained(arena)
        )
        return VirtualHostTable(host: host, domains: domains, record: arena.store(record), arena: arena)
    }

    /// The same for some of the host's ports only, where others have routes of their own.
    private func entries(
        _ routes: [EffectiveRoute],
        _ compiler: RouteCompiler,
        _ arena: RoutingArena,
        ports: [Int]?
    ) -> [RouteEntry] {
        let entries = self.entries(routes, compiler, arena)
        guard let ports else { return entries }
        return ports.map { Int32(clamping: $0) }.flatMap { port in
            entries.filter { $0.port == 0 || $0.port == port }.map { $0.narrowed(to: port) }
        }
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

    private func entry(_ route: Borrowed<RouteRecord>, ports: [Int]?) -> [RouteEntry] {
        guard let ports else { return [entry(route)] }
        return ports.map { entry(route).narrowed(to: Int32(clamping: $0)) }
    }

    private func entry(_ route: Borrowed<RouteRecord>) -> RouteEntry {
        RouteEntry(
            conditions: BorrowedList(),
            port: 0,
            matchedPrefix: 1,
            route: route
        )
    }

    /// What came to a trusted proxy in front over TLS is there already.
    private func redirectToHTTPS(_ compiler: RouteCompiler, _ arena: RoutingArena) -> RouteEntry {
        var isPlain = MatchCompiler(arena: arena).condition(.scheme, .exact("https"))
        isPlain.isInverted = true
        var entry = entry(compiler.compileHTTPSRedirect())
        entry.conditions = arena.store([isPlain])
        return entry
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

extension RouteEntry {
    fileprivate func narrowed(to port: Int32) -> RouteEntry {
        var copy = self
        copy.port = port
        return copy
    }
}
