// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// The destinations of a table, each once however many routes lead to it, in the manner of Envoy's `/clusters`.
struct ClusterList {
    private struct Cluster {
        var name: String
        var endpoints: Set<String> = []
        var requests: UInt64 = 0
        var errors: UInt64 = 0
        var ended: UInt64 = 0
    }

    private struct Key: Hashable {
        var host: String
        var subset: String
        /// 0 where the request's port counts.
        var port: Int
    }

    private var clusters: [Key: Cluster] = [:]

    /// By Envoy's name of the cluster, what is known of those of which workers share something.
    private var states: [String: [String]] = [:]
    private let standings: EndpointStandings

    init(
        _ hosts: [RoutingTableContents.Host],
        _ series: [SeriesLabels: RouteEvidence],
        _ identifiers: RoutingIdentifiers,
        _ resolutions: Resolutions?
    ) {
        standings = EndpointStandings(identifiers, resolutions)
        for cluster in identifiers.sharedClusters { states[cluster.name] = Self.lines(of: cluster) }
        for destination in hosts.flatMap(\.routes).flatMap(\.destinations) {
            let counter = destination.counter
            let key = Key(host: counter.destinationHost, subset: counter.subset, port: counter.port)
            let port = destination.port.map(String.init) ?? ""
            let name = "outbound|\(port)|\(key.subset)|\(key.host)"
            clusters[key, default: Cluster(name: name)].endpoints.formUnion(
                destination.endpoints.map(\.address)
            )
        }
        for (labels, sums) in series {
            let key = Key(host: labels.host, subset: labels.subset, port: labels.port)
            clusters[key]?.requests += sums.assigned
            clusters[key]?.errors += sums.completed.errors
            clusters[key]?.ended += sums.ended
        }
    }

    /// Limits and what is under way, as Envoy shows them.
    private static func lines(of cluster: SharedCluster) -> [String] {
        let (limits, use, overflows) = (cluster.limits, cluster.use.now, cluster.use.overflows)
        return [
            "default_priority::max_connections::\(limits.connections)",
            "default_priority::max_pending_requests::\(limits.pendingRequests)",
            "default_priority::max_requests::\(limits.requests)",
            "default_priority::max_retries::\(limits.retries)",
            "cx_active::\(use.connections)", "rq_active::\(use.requests)",
            "outlier_detection.ejections_total::\(cluster.health.ejections)",
            "rq_pending_active::\(use.pendingRequests)", "cx_overflow::\(overflows.connections)",
            "rq_pending_overflow::\(overflows.requests)", "rq_retry_overflow::\(overflows.retries)",
        ].map { "\(cluster.name)::\($0)" }
    }

    var loads: [DestinationLoad] {
        clusters.map { key, cluster in
            DestinationLoad(
                name: cluster.name,
                host: key.host,
                endpoints: cluster.endpoints,
                requests: cluster.requests,
                underWay: cluster.requests - min(cluster.ended, cluster.requests)
            )
        }
    }

    var lines: [String] {
        clusters.values.sorted { $0.name < $1.name }.flatMap { cluster in
            cluster.endpoints.sorted().flatMap { lines(of: $0, in: cluster.name) } + [
                "\(cluster.name)::rq_total::\(cluster.requests)",
                "\(cluster.name)::rq_error::\(cluster.errors)",
            ] + (states[cluster.name] ?? [])
        }
    }

    /// Of each address by itself, with the name that it was found by.
    private func lines(of endpoint: String, in cluster: String) -> [String] {
        standings.addresses(of: endpoint).flatMap { address in
            let flags = standings.isEjected(address, from: cluster) ? "/failed_outlier_check" : "healthy"
            let name = address == endpoint ? [] : ["\(cluster)::\(address)::hostname::\(endpoint)"]
            return name + ["\(cluster)::\(address)::health_flags::\(flags)"]
        }
    }
}
