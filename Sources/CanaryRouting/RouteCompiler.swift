// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
package import CanaryResources

/// Compiles what a route does.
package struct RouteCompiler {
    /// The store's id.
    let store: String
    let host: String
    /// The `consistentHash` of the host's own DestinationRule.
    let hostHashKey: TrafficPolicy.HashKey?
    /// The host's VirtualServices.
    let owners: [ResourceKey: Owner]
    let destinations: DestinationCompiler

    /// A VirtualService, as its routes know it.
    struct Owner {
        var position: Int32
        /// `namespace/name`
        var name: String
        var stickyKey: SipHash24.Key

        init(_ virtualService: Resource, position: Int32) {
            self.position = position
            name = RouteCompiler.owner(virtualService)
            stickyKey = RouteCompiler.stickyKey(of: virtualService)
        }
    }

    var arena: RoutingArena { destinations.arena }

    func compile(_ effective: EffectiveRoute) -> Borrowed<RouteRecord> {
        let route = effective.route
        let headers = HeaderCompiler(routeName: route.name, arena: arena)
        var record = empty(index: effective.index)
        record.owner = owner(effective)?.position ?? -1
        record.timeoutMilliseconds = Int32(clamping: route.timeout?.milliseconds ?? 0)
        record.retry = RetryPolicy(route.retries, in: arena)
        let counted = counted(effective)
        record.interventions = interventions(of: effective, counted).map(arena.store)
        let edits = headers.edits([[route.headers]])
        (record.requestEdits, record.responseEdits) = (edits.request, edits.response)
        if let redirect = route.redirect {
            record.action = .redirect
            record.ownAnswer = arena.store(OwnAnswerRecord(redirect: compile(redirect)))
        } else if let response = route.directResponse {
            record.action = .directResponse
            record.ownAnswer = arena.store(
                OwnAnswerRecord(status: Int32(clamping: response.status), body: body(response.body))
            )
        } else {
            record.rewriting = route.rewrite.map { arena.store(compile($0)) }
            compileDestinations(effective, headers, counted, into: &record)
        }
        if record.totalWeight == 0 || record.mayAnswerItself {
            record.counter = destinations.counter(RouteCounter(counted, RouteCounter.Target.none))
        }
        return arena.store(record)
    }

    /// The route of a host without VirtualService: all endpoints of the Service.
    func compileDefault() -> Borrowed<RouteRecord> {
        var record = empty(index: 0)
        record.retry = RetryPolicy(nil, in: arena)
        record.destinations = arena.store([ownDestination()])
        record.totalWeight = 1
        record.makesCookies = record.destinations.contains(where: \.makesCookies)
        return arena.store(record)
    }

    /// All endpoints of the Service.
    func ownDestination(isConnection: Bool = false) -> DestinationRecord {
        let resolved = destinations.resolve(host, subset: nil)
        let key = EvidenceKey(store: store, service: resolved.service, host: host, version: nil)
        var target = RouteCounter.Target(resolved, identity: key.destination)
        target.isConnection = isConnection
        let route = RouteCounter.Route(key, virtualService: "", name: "")
        return bare(resolved, port: nil, counter: RouteCounter(Shared(route), Shared(target)))
    }

    /// A destination without header changes of its own.
    func bare(
        _ resolved: ResolvedDestination,
        port: Int?,
        weight: UInt64 = 1,
        counter: RouteCounter
    ) -> DestinationRecord {
        DestinationRecord(
            weight: weight,
            stickyHash: nil,
            authority: ByteSlice(),
            counter: destinations.counter(counter),
            clusters: destinations.clusters(resolved, port: port, counter: counter),
            requestEdits: BorrowedList(),
            responseEdits: BorrowedList()
        )
    }

    /// A redirect to https, for a Gateway server with `httpsRedirect`.
    func compileHTTPSRedirect() -> Borrowed<RouteRecord> {
        var record = empty(index: 0)
        record.action = .redirect
        let redirect = RedirectRecord(status: 301, scheme: arena.store("https"))
        record.ownAnswer = arena.store(OwnAnswerRecord(redirect: redirect))
        return arena.store(record)
    }

    private func empty(index: Int) -> RouteRecord {
        RouteRecord(
            action: .forward,
            index: Int32(clamping: index),
            timeoutMilliseconds: 0,
            retry: .none,
            destinations: BorrowedList(),
            totalWeight: 0,
            requestEdits: BorrowedList(),
            responseEdits: BorrowedList()
        )
    }

    private func compileDestinations(
        _ effective: EffectiveRoute,
        _ headers: HeaderCompiler,
        _ counted: Shared<RouteCounter.Route>,
        into record: inout RouteRecord
    ) {
        let route = effective.route
        let weights = route.destinations.splitWeights
        let named = route.destinations.map {
            destinations.named($0.destination, in: effective.source.namespace)
        }
        let identities = EvidenceKey.distinct(named.map(\.identity))
        let chosen = route.destinations.indices.filter { weights.counting[$0] > 0 }
        record.stickiness = destinations.hashKey(
            hostHashKey ?? commonHashKey(chosen.map { named[$0].resolved.policy })
        )
        var hashes = StickyHashes(record.stickiness.flatMap { _ in owner(effective)?.stickyKey })
        let records = chosen.map { index in
            let weighted = route.destinations[index]
            let resolved = named[index].resolved
            let target = destinations.target(
                named[index],
                identity: identities[index],
                position: index,
                weighted
            )
            let counter = RouteCounter(counted, target)
            let edits = headers.edits(of: route, weighted)
            return DestinationRecord(
                weight: UInt64(weights.counting[index]),
                stickyHash: hashes.next(resolved).map(arena.store),
                authority: authority(route, weighted),
                counter: destinations.counter(counter),
                clusters: destinations.clusters(resolved, port: weighted.destination.port, counter: counter),
                requestEdits: edits.request,
                responseEdits: edits.response
            )
        }
        record.destinations = arena.store(records)
        record.totalWeight = records.reduce(0) { $0 + $1.weight }
        if record.stickiness != nil, records.count > 1 {
            record.users = destinations.users(of: counted.value.key)
        }
        record.makesCookies = record.sticky.makesCookie || records.contains(where: \.makesCookies)
    }

    /// What all of some policies hash, if they hash the same.
    private func commonHashKey(_ policies: [HostPolicy]) -> TrafficPolicy.HashKey? {
        let first = policies.first?.trafficPolicy?.hashKey
        return policies.allSatisfy { $0.trafficPolicy?.hashKey == first } ? first : nil
    }

    /// `nil` for a route that has none.
    private func interventions(of effective: EffectiveRoute, _ counted: Shared<RouteCounter.Route>)
        -> InterventionRecord?
    {
        let route = effective.route
        let forwards = route.redirect == nil && route.directResponse == nil
        let record = InterventionRecord(
            fault: FaultPolicy(route.fault),
            cors: route.corsPolicy.map { arena.store(CorsRecord($0, in: arena)) },
            mirrors: forwards ? arena.store(mirrors(of: effective, counted)) : BorrowedList()
        )
        return record.fault.isNone && record.cors == nil && record.mirrors.isEmpty ? nil : record
    }

    /// The copies of a route's requests, with counters of their own.
    private func mirrors(of effective: EffectiveRoute, _ counted: Shared<RouteCounter.Route>)
        -> [MirrorRecord]
    {
        effective.route.effectiveMirrors.map { mirror in
            let name = effective.resolve(mirror.destination)
            let resolved = destinations.resolve(name, subset: mirror.destination.subset)
            var target = RouteCounter.Target(
                resolved,
                identity: effective.mirrorIdentity(mirror.destination)
            )
            target.position = -1
            target.port = mirror.destination.port ?? 0
            let counter = RouteCounter(counted, Shared(target))
            let destination = bare(resolved, port: mirror.destination.port, counter: counter)
            return MirrorRecord(chance: Chance(mirror.percentage), destination: arena.store(destination))
        }
    }

    /// The key of the sticky hash of a VirtualService's routes.
    package static func stickyKey(of virtualService: Resource) -> SipHash24.Key {
        SipHash24.Key(salt: StickySalt.of(virtualService))
    }

    private func authority(_ route: HTTPRoute, _ weighted: WeightedDestination) -> ByteSlice {
        guard route.rewrite != nil || !route.headers.isEmpty || !weighted.headers.isEmpty else {
            return ByteSlice()
        }
        let given = [Self.authority(of: route), HeaderCompiler.authority(weighted.headers.request)]
        return given.compactMap(\.self).first { !$0.isEmpty }.map(arena.store) ?? ByteSlice()
    }

    /// The authority that a route gives to all its destinations; `nil` where it leaves that to them.
    package static func authority(of route: HTTPRoute) -> String? {
        let given = [route.rewrite?.authority, HeaderCompiler.authority(route.headers.request)]
        return given.compactMap(\.self).first { !$0.isEmpty }
    }

    private func compile(_ rewrite: HTTPRewrite) -> RewriteRecord {
        var record = RewriteRecord()
        if let regex = rewrite.regex {
            unsafe record.regex = unsafe arena.compile(regex.match)
            record.substitution = arena.store(regex.rewrite)
        } else if let uri = rewrite.uri, !uri.isEmpty {
            record.uri = arena.store(uri)
        }
        return record
    }

    private func compile(_ redirect: HTTPRedirect) -> RedirectRecord {
        var record = RedirectRecord(status: Int32(clamping: redirect.code))
        record.scheme = redirect.scheme.map(arena.store) ?? ByteSlice()
        record.authority = redirect.authority.map(arena.store) ?? ByteSlice()
        record.uri = redirect.uri.map(arena.store) ?? ByteSlice()
        record.prefixRewrite = redirect.prefixRewrite.map(arena.store) ?? ByteSlice()
        switch redirect.port {
        case .number(let number): record.port = Int32(clamping: max(number, 0))
        case .fromRequestPort: record.port = -1
        case .fromProtocolDefault, nil: record.port = 0
        }
        return record
    }

    private func body(_ body: HTTPDirectResponse.Body?) -> ByteSlice {
        switch body {
        case nil: ByteSlice()
        case .text(let text): arena.store(text)
        case .base64(let text): arena.store(bytes: Base64.decode(text.utf8, .protobuf) ?? [])
        }
    }

    /// What the counters of a route have in common.
    private func counted(_ effective: EffectiveRoute) -> Shared<RouteCounter.Route> {
        Shared(
            RouteCounter.Route(
                effective.evidenceKey(store: store, host: host),
                virtualService: owner(effective)?.name ?? "",
                name: effective.route.name
            )
        )
    }

    private func owner(_ effective: EffectiveRoute) -> Owner? { owners[effective.virtualService.key] }

    static func owner(_ resource: Resource) -> String { "\(resource.namespace)/\(resource.name)" }
}

/// The sticky hashes of a route's destinations, one after the other; none for one that is not sticky.
private struct StickyHashes {
    private struct Version: Hashable {
        var host: String
        var subset: String
    }

    private let key: SipHash24.Key?
    private var occurrences: [Version: Int] = [:]

    init(_ key: SipHash24.Key?) { self.key = key }

    mutating func next(_ destination: ResolvedDestination) -> SipHash24? {
        guard let key else { return nil }
        let version = Version(host: destination.host, subset: destination.subset ?? "")
        defer { occurrences[version, default: 0] += 1 }
        return WeightedChoice.stickyHash(
            key: key,
            host: version.host,
            subset: version.subset,
            occurrence: occurrences[version, default: 0]
        )
    }
}
