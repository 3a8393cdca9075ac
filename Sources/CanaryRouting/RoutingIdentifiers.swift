// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources
import Synchronization

/// What Istio calls a cluster: the endpoints of a host's subset at a port of the Service.
struct ClusterName: Hashable, Sendable {
    var host: String
    /// Empty for none.
    var subset: String
    var port: Int
    /// Connections with other settings are another cluster's.
    var tls: UpstreamTLS?
}

/// Numbers for endpoints, clusters and counters, the same in every routing table that was made with this object. A proxy
/// keeps one for its life, a command makes one for itself. Takes a lock: not for the request path.
///
/// Those of endpoints and clusters are never given twice, and are forgotten when no ``IdentifierLease`` holds them.
package final class RoutingIdentifiers: Sendable {
    private struct State {
        var endpoints = Numbering<EndpointAddress>()
        var clusters = Numbering<ClusterName>()
        /// The endpoints that are names.
        var names: [UInt64: EndpointAddress] = [:]
        /// The addresses that those stand for, each by its number.
        var resolved: [UInt64: Set<UInt64>] = [:]
        /// Of clusters that have one.
        var shared: [UInt64: SharedCluster] = [:]
        /// Of routes whose traffic is sticky, in their present epochs, and how often they are in use.
        var users: [EvidenceKey: (marks: UserMarks, uses: Int)] = [:]
    }

    package let counters = CounterRegistry()
    private let state = Mutex(State())
    private let memory: (any MarkMemory)?

    /// - Parameter memory: where other proxies mark the users that they count, too.
    package init(memory: (any MarkMemory)? = nil) {
        self.memory = memory
    }

    // MARK: - Endpoints and clusters

    /// The address of an ``EndpointRecord/id``; `nil` for one that no table has any more.
    package func endpoint(_ id: UInt64) -> EndpointAddress? { state.withLock { $0.endpoints[id] } }

    /// The endpoints that some table has.
    package var endpoints: [EndpointAddress] { state.withLock { Array($0.endpoints.values) } }

    /// Those of them that have to be resolved, by their numbers.
    package var names: [UInt64: EndpointAddress] { state.withLock { $0.names } }

    /// Those among some endpoints and clusters that no table has any more.
    package func departed(endpoints: [UInt64], clusters: [UInt64]) -> (
        endpoints: Set<UInt64>, clusters: Set<UInt64>
    ) {
        state.withLock { state in
            (
                Set(endpoints.filter { !state.endpoints.contains($0) }),
                Set(clusters.filter { !state.clusters.contains($0) })
            )
        }
    }

    /// What workers share of clusters, by name.
    package var sharedClusters: [SharedCluster] {
        state.withLock { $0.shared.values.sorted { $0.name < $1.name } }
    }

    /// What workers share of a cluster that has a number; made when it is first asked for.
    func shared(_ cluster: UInt64) -> SharedCluster? {
        state.withLock { state in
            if let known = state.shared[cluster] { return known }
            guard let name = state.clusters[cluster] else { return nil }
            let made = SharedCluster(name)
            state.shared[cluster] = made
            return made
        }
    }

    /// A cluster has no limits: nobody waits for those that it had.
    func endLimits(of cluster: UInt64) {
        state.withLock { $0.shared[cluster] }?.update(ConnectionLimits())
    }

    /// The addresses of the endpoints that are names, as the proxy has found them last.
    package var resolved: [UInt64: Set<UInt64>] { state.withLock { $0.resolved } }

    /// Has clusters know the addresses of their endpoints that are names.
    package func resolve(_ addresses: [UInt64: Set<UInt64>]) {
        let clusters = state.withLock { state in
            state.resolved = addresses
            return Array(state.shared.values)
        }
        for cluster in clusters { cluster.health.resolve(addresses) }
    }

    /// The meaning of a counter's number; `nil` for one that has none.
    package func counter(_ id: UInt32) -> RouteCounter? { counters.counter(id) }

    /// How many endpoints and clusters are known now.
    package var endpointCount: Int { state.withLock { $0.endpoints.count } }
    package var clusterCount: Int { state.withLock { $0.clusters.count } }

    func use(_ address: EndpointAddress) -> UInt64 {
        state.withLock { state in
            let number = state.endpoints.use(address)
            if address.isName { state.names[number] = address }
            return number
        }
    }

    func use(_ cluster: ClusterName) -> UInt64 { state.withLock { $0.clusters.use(cluster) } }

    func use(usersOf route: EvidenceKey) -> UserMarks {
        state.withLock { state in
            var entry =
                state.users[route] ?? (marks: UserMarks(name: route.markName, memory: memory), uses: 0)
            entry.uses += 1
            state.users[route] = entry
            return entry.marks
        }
    }

    func release(usersOf routes: some Sequence<EvidenceKey>) {
        state.withLock { state in
            for route in routes {
                state.users[route]?.uses -= 1
                if state.users[route]?.uses == 0 { state.users[route] = nil }
            }
        }
    }

    func release(endpoints: some Sequence<UInt64>, clusters: some Sequence<UInt64>) {
        state.withLock { state in
            for number in endpoints {
                if let gone = state.endpoints.release(number), gone.isName { state.names[number] = nil }
            }
            for number in clusters where state.clusters.release(number) != nil { state.shared[number] = nil }
        }
    }
}

extension EvidenceKey {
    /// Of a route and its epoch, for a file: the same in every process.
    var markName: String {
        let parts = [store, host, owner, route, epoch.commit]
        // Each part ends with a byte that none of them has.
        var hash = SipHash24(key: SipHash24.Key(k0: 0, k1: 0))
        for part in parts {
            hash.update(part)
            hash.update(0)
        }
        return String(hash.finish(), radix: 16)
    }
}
