// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
package import CanaryResources

/// How an endpoint is chosen inside a destination.
package enum EndpointBalancing: UInt8, BitwiseCopyable, Sendable {
    /// Power of two choices by active requests: Istio's default.
    case leastRequest
    case random
    case roundRobin
    /// By ``DestinationHandle/endpointHash(for:)``; at random where the request has no key.
    case hash
}

/// An endpoint that is ready.
package struct EndpointRecord: BitwiseCopyable, Sendable {
    /// The address: see ``RoutingIdentifiers/endpoint(_:)``. Never another's, in no table.
    package var id: UInt64
    /// Of the address: ``EndpointAddress/hash``.
    package var hash: UInt64
    /// Relative, at least 1.
    package var weight: UInt32
    /// Whether the address is a name, which has to be resolved.
    package var isName: Bool
    /// Where requests that this endpoint gets are counted: the destination's counter with this endpoint's workload and
    /// version. See ``RoutingIdentifiers/counter(_:)``.
    package var counter: UInt32

    package init(id: UInt64, hash: UInt64, weight: UInt32 = 1, isName: Bool = false, counter: UInt32 = 0) {
        self.id = id
        self.hash = hash
        self.weight = weight
        self.isName = isName
        self.counter = counter
    }
}

/// The destination that was chosen for a request; valid while its ``RoutingTable`` is kept.
package struct DestinationHandle: BitwiseCopyable {
    package let record: Borrowed<DestinationRecord>
    /// `nil` where the Service has no such port.
    package let cluster: Borrowed<ClusterRecord>?

    package init(_ record: Borrowed<DestinationRecord>, port: Int32) {
        self.record = record
        let clusters = record.pointee.clusters
        // A lone one of port 0 stands for every port.
        let isForAll = clusters.count == 1 && clusters[0].port == 0
        let index = isForAll ? 0 : clusters.firstIndex { $0.port == port }
        cluster = index.map { clusters.pointer($0) }
    }

    /// Where requests are counted that get no endpoint.
    package var counter: UInt32 { record.pointee.counter }

    /// Whether host, subset and port exist; if not, the answer is 503 with flag NC.
    package var isDefined: Bool { cluster?.pointee.isDefined ?? false }

    /// Those that are ready; if there are none, the answer is 503 with flag UH.
    package var endpoints: BorrowedList<EndpointRecord> {
        cluster?.pointee.endpoints ?? BorrowedList()
    }

    /// What round robin is kept by: the cluster, whichever table or route it is in.
    package var clusterID: UInt64 { cluster?.pointee.id ?? 0 }

    package var balancing: EndpointBalancing { cluster?.pointee.balancing ?? .leastRequest }

    /// The hash of what identifies the user, for ``EndpointBalancing/hash``; `nil` where the request lacks it.
    package func endpointHash(for facts: RequestFacts) -> UInt64? {
        guard let cluster, cluster.pointee.balancing == .hash else { return nil }
        let key = facts.userKey(cluster.pointee.hashKey)
        return key.isEmpty ? nil : XXHash64.of(key)
    }

    /// The endpoint that a user's hash leads to, an index of ``endpoints``, among those that `isUsable` admits; `nil` where
    /// that is none. Further `attempt`s (1, 2 …) mostly lead to other ones.
    package func endpoint(ofHash hash: UInt64, attempt: Int = 0, where isUsable: (Int) -> Bool) -> Int? {
        cluster?.pointee.policy?.pointee.hashTable.index(of: hash, attempt: attempt, where: isUsable)
    }

    /// The endpoints by priority and locality; empty where all are of one. Make a ``PriorityLoad`` of them.
    package var groups: BorrowedList<EndpointGroup> {
        cluster?.pointee.groups ?? BorrowedList()
    }

    /// The priority of an endpoint, by its index.
    package func priority(ofEndpoint index: Int) -> Int32 {
        for group in groups where group.range.contains(index) { return group.priority }
        return 0
    }

    /// Whether any endpoint is as good as any other: all are of one weight and one group, none can be ejected or warms up.
    package var isUniform: Bool { cluster?.pointee.isUniform ?? true }

    /// Tells the endpoints, with their weights, groups and balancing, from others that the cluster may have in another table.
    package var membership: UInt64 { cluster?.pointee.membership ?? 0 }

    /// How the share of a new endpoint grows.
    package var warmUp: WarmUpPolicy { cluster?.pointee.policy?.pointee.warmUp ?? .none }

    /// How many connections and requests there may be, and for how long.
    package var limits: ConnectionLimits { cluster?.pointee.policy?.pointee.limits ?? ConnectionLimits() }

    /// Whether a DestinationRule says anything of connections, health or hashes.
    package var hasPolicy: Bool { cluster?.pointee.policy != nil }

    /// What all workers share of the cluster, held by the table; `nil` where nothing is limited.
    @inline(__always)
    package var shared: Unmanaged<SharedCluster>? { unsafe cluster?.pointee.policy?.pointee.shared }

    /// Which endpoints are ejected, and since when each gets requests; `nil` where neither matters.
    @inline(__always)
    package var health: Unmanaged<ClusterHealth>? { unsafe cluster?.pointee.policy?.pointee.health }

    /// How TLS is spoken to its endpoints, held by the table; `nil` where it is not.
    @inline(__always)
    package var tls: Unmanaged<UpstreamTLS>? { unsafe cluster?.pointee.policy?.pointee.tls }

    /// In what form its endpoints are told whose connection each is; `nil` where they are not.
    @inline(__always)
    package var proxyProtocol: ProxyProtocolVersion? { cluster?.pointee.policy?.pointee.proxyProtocol }

    /// When endpoints are ejected for their errors.
    package var outliers: OutlierPolicy { cluster?.pointee.policy?.pointee.outliers ?? .none }

    /// What is spoken to its endpoints.
    @inline(__always)
    package var upstreamProtocol: UpstreamProtocol { cluster?.pointee.upstreamProtocol ?? .http1 }

    /// 10 s unless the DestinationRule says otherwise.
    package var connectTimeoutMilliseconds: Int32 {
        cluster?.pointee.policy?.pointee.limits.connectTimeoutMilliseconds ?? 10_000
    }

    /// How long a pooled connection may be idle: 1 h unless the DestinationRule says otherwise; 0 is for ever.
    package var idleTimeoutMilliseconds: Int32 {
        cluster?.pointee.policy?.pointee.limits.idleTimeoutMilliseconds ?? 3_600_000
    }

    /// How long a TCP connection may be silent; 0 is for ever, `nil` where no DestinationRule has a policy for the cluster.
    package var tcpIdleTimeoutMilliseconds: Int32? {
        cluster?.pointee.policy?.pointee.limits.tcpIdleTimeoutMilliseconds
    }

    /// 0 is unlimited, 1 no keep-alive.
    package var maxRequestsPerConnection: Int32 {
        cluster?.pointee.policy?.pointee.limits.requestsPerConnection ?? 0
    }
}
