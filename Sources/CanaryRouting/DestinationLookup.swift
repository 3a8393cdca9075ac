// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
package import CanaryResources

/// Looks destinations up in a snapshot and remembers the answers while some hosts are compiled: routes name the same few
/// destinations again and again. Belongs to one thread.
package final class DestinationLookup {
    private struct EndpointsKey: Hashable {
        var host: String
        var subset: String?
        var port: Int
    }

    private struct TableKey: Hashable {
        var endpoints: EndpointsKey
        var kind: TrafficPolicy.HashTable
    }

    private struct NameKey: Hashable {
        var destination: Destination
        var namespace: String
    }

    /// A destination as VirtualServices of a namespace name it.
    final class Named {
        let resolved: ResolvedDestination
        /// What it is called in the keys of evidence.
        let identity: String
        fileprivate var targets: [Slot: Shared<RouteCounter.Target>] = [:]

        init(_ resolved: ResolvedDestination, identity: String) {
            self.resolved = resolved
            self.identity = identity
        }
    }

    /// How a route has a destination.
    fileprivate struct Slot: Hashable {
        var identity: String
        var position: Int
        var weight: Int
    }

    private struct EndpointTarget: Hashable {
        var destination: Shared<RouteCounter.Target>
        var version: String?
        var workload: String?
    }

    private var named: [NameKey: Named] = [:]
    private var endpointTargets: [EndpointTarget: Shared<RouteCounter.Target>] = [:]
    private let hosts: HostViews
    private let scope: ClientScope
    private let snapshot: ClusterSnapshot
    private var endpoints: [EndpointsKey: RankedEndpoints] = [:]
    private var workloads: [String: WorkloadNames] = [:]
    /// Shared by all routes to the same endpoints: a table may have thousands of places.
    private var tables: [TableKey: EndpointHashTable] = [:]

    /// An endpoint that is ready, with what its metrics are labelled with.
    package struct ReadyEndpoint {
        package var address: EndpointAddress
        package var hash: UInt64
        package var weight: UInt32
        package var version: String?
        package var workload: String?
    }

    package init(_ snapshot: ClusterSnapshot, _ scope: ClientScope) {
        self.scope = scope
        self.snapshot = snapshot
        hosts = HostViews(snapshot, namespace: scope.namespace, clientLabels: scope.labels)
    }

    /// The Secret of a name.
    func credential(_ name: String, _ namespace: String) -> TLSCredential {
        TLSCredential(name, namespace, snapshot)
    }

    package func resolve(_ host: String, subset: String?) -> ResolvedDestination {
        hosts[host].destination(subset)
    }

    func named(_ destination: Destination, in namespace: String) -> Named {
        let key = NameKey(destination: destination, namespace: namespace)
        if let known = named[key] { return known }
        let host = HostName.resolve(destination.host, namespace: namespace)
        let found = Named(
            resolve(host, subset: destination.subset),
            identity: EvidenceKey.destination(destination, at: host)
        )
        named[key] = found
        return found
    }

    /// What the counters of a route's destination say of it.
    func target(_ named: Named, identity: String, position: Int, _ weighted: WeightedDestination)
        -> Shared<RouteCounter.Target>
    {
        let slot = Slot(identity: identity, position: position, weight: weighted.weight ?? 0)
        if let known = named.targets[slot] { return known }
        var target = RouteCounter.Target(named.resolved, identity: identity)
        target.position = position
        target.weight = slot.weight
        target.port = weighted.destination.port ?? 0
        let shared = Shared(target)
        named.targets[slot] = shared
        return shared
    }

    /// The same for one of the endpoints. Where no VirtualService says what goes where, versions are told apart by them.
    func target(
        _ destination: Shared<RouteCounter.Target>,
        of endpoint: ReadyEndpoint,
        dividesTraffic: Bool
    ) -> Shared<RouteCounter.Target> {
        let key = EndpointTarget(
            destination: destination,
            version: endpoint.version,
            workload: endpoint.workload
        )
        if let known = endpointTargets[key] { return known }
        var target = destination.value
        target.version = endpoint.version ?? "unknown"
        target.workload = endpoint.workload ?? "unknown"
        if dividesTraffic { target.identity = EvidenceKey.destination(version: endpoint.version) }
        let shared = Shared(target)
        endpointTargets[key] = shared
        return shared
    }

    /// The ready endpoints of a destination at a port of its Service, where the policy in force there ranks them.
    package func readyEndpoints(
        of destination: ResolvedDestination,
        port: HostService.Port,
        _ policy: EffectivePolicy
    ) -> RankedEndpoints {
        let key = EndpointsKey(
            host: destination.host,
            subset: destination.subset,
            port: port.number
        )
        if let known = endpoints[key] { return known }
        let view = hosts[destination.host]
        let all = destination.labels.map { view.endpoints($0, at: port) } ?? []
        let found = Self.usable(all, policy)
        let groups = LocalityPlan.groups(
            found.map {
                .init(locality: $0.locality, labels: $0.labels, weight: UInt32(clamping: $0.weight))
            },
            client: Locality(labels: scope.labels),
            labels: scope.labels,
            policy: policy.loadBalancer?.locality,
            detectsOutliers: policy.outlierDetection != nil
        )
        let ranked = RankedEndpoints(groups, of: ready(found, of: destination.host))
        endpoints[key] = ranked
        return ranked
    }

    /// Those that are ready; with Envoy's panic also those that fail their checks, where too few do not.
    private static func usable(_ endpoints: [HostEndpoint], _ policy: EffectivePolicy) -> [HostEndpoint] {
        let ready = endpoints.filter(\.isReady)
        let announced = endpoints.filter(\.isAnnounced)
        let leastPercent = policy.outlierDetection?.minHealthPercent ?? 0
        return 100 * ready.count < leastPercent * announced.count ? announced : ready
    }

    private func ready(_ endpoints: [HostEndpoint], of host: String) -> [ReadyEndpoint] {
        let names = workloadNames(of: host)
        return endpoints.map { endpoint in
            ReadyEndpoint(
                address: endpoint.address,
                hash: endpoint.address.hash,
                weight: UInt32(clamping: endpoint.weight),
                version: endpoint.labels[ResolvedDestination.versionLabel],
                workload: names.name(for: endpoint.labels)
            )
        }
    }

    /// The table by which a hash finds one of those.
    func hashTable(
        _ kind: TrafficPolicy.HashTable,
        of destination: ResolvedDestination,
        port: HostService.Port,
        _ policy: EffectivePolicy
    ) -> EndpointHashTable {
        let endpoints = EndpointsKey(host: destination.host, subset: destination.subset, port: port.number)
        let key = TableKey(endpoints: endpoints, kind: kind)
        if let known = tables[key] { return known }
        let ready = readyEndpoints(of: destination, port: port, policy).endpoints
        let table = EndpointHashTable(kind, ready.map { ($0.address.description, $0.weight) })
        tables[key] = table
        return table
    }

    private func workloadNames(of host: String) -> WorkloadNames {
        if let known = workloads[host] { return known }
        let names = WorkloadNames(hosts[host])
        workloads[host] = names
        return names
    }
}

/// A cluster's endpoints, those of one group side by side.
package struct RankedEndpoints {
    var endpoints: [DestinationLookup.ReadyEndpoint] = []
    /// Empty for a single one, which all endpoints are in.
    var groups: [EndpointGroup] = []

    init(_ groups: [LocalityPlan.Group], of all: [DestinationLookup.ReadyEndpoint]) {
        for group in groups {
            self.groups.append(
                EndpointGroup(
                    priority: Int32(clamping: group.priority),
                    weight: group.weight,
                    start: Int32(clamping: endpoints.count),
                    count: Int32(clamping: group.members.count)
                )
            )
            endpoints += group.members.map { all[$0] }
        }
        if groups.count == 1 { self.groups = [] }
    }
}
