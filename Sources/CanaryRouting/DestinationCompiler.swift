// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources

/// Compiles destinations: their endpoints, policies and counters.
package struct DestinationCompiler {
    let lookup: DestinationLookup
    let identifiers: RoutingIdentifiers
    let arena: RoutingArena
    private let lease: IdentifierLease
    private let clusters = Clusters()

    /// What a host's routes have in common of a cluster that several of them lead to. Belongs to one thread.
    private final class Clusters {
        var known: [ClusterName: KnownCluster] = [:]
    }

    /// The counters of the endpoints are each route's own.
    private struct KnownCluster {
        var record: ClusterRecord
        var endpoints: [(record: EndpointRecord, ready: DestinationLookup.ReadyEndpoint)]
    }

    init(lookup: DestinationLookup, identifiers: RoutingIdentifiers, arena: RoutingArena) {
        self.lookup = lookup
        self.identifiers = identifiers
        self.arena = arena
        lease = IdentifierLease(identifiers)
        arena.keep(lease)
    }

    package func resolve(_ host: String, subset: String?) -> ResolvedDestination {
        lookup.resolve(host, subset: subset)
    }

    func named(_ destination: Destination, in namespace: String) -> DestinationLookup.Named {
        lookup.named(destination, in: namespace)
    }

    /// The clusters of a destination: one for its own port or its Service's only one, else one for each port that a request
    /// may address.
    package func clusters(
        _ destination: ResolvedDestination,
        port: Int?,
        counter: RouteCounter
    ) -> BorrowedList<ClusterRecord> {
        let ports = destination.service?.ports ?? []
        let chosen = port.map { number in ports.filter { $0.number == number } } ?? ports
        guard destination.labels != nil, !chosen.isEmpty else { return arena.store([undefined]) }
        let dependsOnPort = port == nil && chosen.count > 1
        return arena.store(
            chosen.map { cluster(destination, $0, dependsOnPort ? $0.number : 0, counter) }
        )
    }

    /// What the counters of a route's destination say of it: ``DestinationLookup/target(_:identity:position:_:)``.
    func target(
        _ named: DestinationLookup.Named,
        identity: String,
        position: Int,
        _ weighted: WeightedDestination
    ) -> Shared<RouteCounter.Target> {
        lookup.target(named, identity: identity, position: position, weighted)
    }

    func counter(_ counter: RouteCounter) -> UInt32 { arena.lease(counter, from: identifiers.counters) }

    /// The users of a route, counted as long as its epoch lasts.
    func users(of route: EvidenceKey) -> Borrowed<CountedUsers> {
        arena.store(CountedUsers(lease.users(of: route)))
    }

    /// `nil` for no key.
    func hashKey(_ key: TrafficPolicy.HashKey?) -> Borrowed<HashKeyRecord>? {
        key.map { arena.store(record(of: $0)) }
    }

    private func record(of key: TrafficPolicy.HashKey) -> HashKeyRecord {
        switch key {
        case .header(let name): HashKeyRecord(source: .header, name: arena.store(name.lowercased()))
        case .cookie(let cookie):
            HashKeyRecord(
                source: .cookie,
                name: arena.store(cookie.name),
                path: arena.store(cookie.path),
                ttlMilliseconds: cookie.ttl.map { Int64($0.milliseconds) } ?? -1,
                attributes: arena.store(cookie.attributes.map { "; \($0)" }.joined())
            )
        case .queryParameter(let name): HashKeyRecord(source: .queryParameter, name: arena.store(name))
        case .sourceAddress: HashKeyRecord(source: .sourceAddress)
        }
    }

    private var undefined: ClusterRecord {
        ClusterRecord(
            port: 0,
            number: 0,
            isDefined: false,
            balancing: .leastRequest,
            endpoints: BorrowedList()
        )
    }

    private func cluster(
        _ destination: ResolvedDestination,
        _ port: HostService.Port,
        _ requestPort: Int,
        _ counter: RouteCounter
    ) -> ClusterRecord {
        let policy = destination.policy.effective(subset: destination.definition, port: port.number)
        let name = ClusterName(
            host: destination.host,
            subset: destination.subset ?? "",
            port: port.number,
            tls: lookup.upstreamTLS(of: destination, port, policy)
        )
        let known = known(name, destination, port, policy)
        var record = known.record
        record.port = Int32(clamping: requestPort)
        record.endpoints = arena.store(known.endpoints.map { counted($0.record, $0.ready, counter) })
        record.characterize()
        return record
    }

    private func counted(
        _ endpoint: EndpointRecord,
        _ ready: DestinationLookup.ReadyEndpoint,
        _ counter: RouteCounter
    ) -> EndpointRecord {
        let target = lookup.target(
            counter.target,
            of: ready,
            dividesTraffic: counter.virtualService.isEmpty
        )
        var endpoint = endpoint
        endpoint.counter = self.counter(RouteCounter(counter.route, target))
        return endpoint
    }

    private func known(
        _ name: ClusterName,
        _ destination: ResolvedDestination,
        _ port: HostService.Port,
        _ policy: EffectivePolicy
    ) -> KnownCluster {
        if let known = clusters.known[name] { return known }
        let made = make(name, destination, port, policy)
        clusters.known[name] = made
        return made
    }

    private func make(
        _ name: ClusterName,
        _ destination: ResolvedDestination,
        _ port: HostService.Port,
        _ policy: EffectivePolicy
    ) -> KnownCluster {
        var record = undefined
        record.number = Int32(clamping: port.number)
        record.id = lease.id(of: name)
        record.isDefined = true
        record.upstreamProtocol = UpstreamProtocol(port, policy.connectionPool)
        record.balancing = EndpointBalancing(policy.loadBalancer)
        record.hashing = hashKey(policy.loadBalancer?.hashKey)
        record.policy = policyRecord(policy, destination, port, name.tls, cluster: record.id).map(arena.store)
        if unsafe record.policy?.pointee.shared == nil { identifiers.endLimits(of: record.id) }
        let ranked = lookup.readyEndpoints(of: destination, port: port, policy)
        record.groups = arena.store(ranked.groups)
        let endpoints = ranked.endpoints.map { (record: endpoint($0), ready: $0) }
        if unsafe record.policy?.pointee.health != nil {
            identifiers.shared(record.id)?.health.update(
                Set(endpoints.map(\.record.id)),
                OutlierPolicy(policy.outlierDetection),
                resolved: ranked.endpoints.contains(where: \.address.isName) ? identifiers.resolved : [:]
            )
        }
        return KnownCluster(record: record, endpoints: endpoints)
    }

    /// `nil` where nothing is said.
    private func policyRecord(
        _ policy: EffectivePolicy,
        _ destination: ResolvedDestination,
        _ port: HostService.Port,
        _ tls: UpstreamTLS?,
        cluster: UInt64
    ) -> ClusterPolicyRecord? {
        guard
            policy.loadBalancer != nil || policy.connectionPool != nil || policy.outlierDetection != nil
                || policy.retryBudget != nil || tls != nil || policy.proxyProtocol != nil
        else { return nil }
        var record = ClusterPolicyRecord()
        if policy.loadBalancer?.hashKey != nil, let kind = policy.loadBalancer?.hashTable {
            record.hashTable = arena.keep(lookup.hashTable(kind, of: destination, port: port, policy))
        }
        unsafe record.tls = tls.map { unsafe arena.keep($0) }
        record.proxyProtocol = policy.proxyProtocol
        record.warmUp = WarmUpPolicy(policy.loadBalancer?.warmUp)
        record.limits = ConnectionLimits(policy.connectionPool, budget: policy.retryBudget)
        record.outliers = OutlierPolicy(policy.outlierDetection)
        let isWatched = record.outliers.isOn || record.warmUp.milliseconds > 0
        guard isWatched || !record.limits.isUnlimited, let shared = identifiers.shared(cluster) else {
            return record
        }
        shared.update(record.limits)
        let kept = unsafe arena.keep(shared)
        if !record.limits.isUnlimited { unsafe record.shared = unsafe kept }
        if isWatched { unsafe record.health = unsafe Unmanaged.passUnretained(shared.health) }
        return record
    }

    private func endpoint(_ endpoint: DestinationLookup.ReadyEndpoint) -> EndpointRecord {
        EndpointRecord(
            id: lease.id(of: endpoint.address),
            hash: endpoint.hash,
            weight: endpoint.weight,
            isName: endpoint.address.isName
        )
    }
}

extension EndpointBalancing {
    init(_ policy: TrafficPolicy?) {
        if policy?.hashKey != nil {
            self = .hash
        } else {
            switch policy?.balancing {
            case .random: self = .random
            case .roundRobin: self = .roundRobin
            case nil, .unspecified, .leastConnections, .leastRequest, .passthrough: self = .leastRequest
            }
        }
    }
}

extension UpstreamProtocol {
    /// As Istio has it: a port of HTTP/2 or gRPC is one, whatever else is said; any other is upgraded, or follows the client, where the
    /// DestinationRule asks for that.
    init(_ port: HostService.Port, _ pool: ConnectionPool?) {
        self =
            if pool?.usesClientProtocol == true {
                .clients
            } else {
                port.isHTTP2 || pool?.upgradesToHTTP2 == true ? .http2 : .http1
            }
    }
}
