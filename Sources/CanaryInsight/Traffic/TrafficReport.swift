// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
package import CanaryResources

/// Where a host's requests are meant to go, can go, and went.
package struct TrafficReport: Sendable {
    /// How long requests took that were answered, in milliseconds.
    package struct Latency: Sendable, Equatable {
        package var p50: Double
        package var p90: Double
        package var p99: Double
    }

    package struct Destination: Sendable {
        /// The full name.
        package var host: String
        /// The subset; for a host without VirtualService the endpoints' version label.
        package var subset: String?
        package var port: Int?
        /// As stored, 0 where the manifest leaves it out; `nil` for a host without VirtualService.
        package var weight: Int?
        /// Weight / sum of the weights; 1 for a route's only destination.
        package var declaredShare: Double
        /// The declared share if there is a ready endpoint, else 0.
        package var servedShare: Double
        /// Of the route's observed requests; `nil` while there are none.
        package var observedShare: Double?
        package var observedRequests: UInt64
        /// Of the observed requests those that ended in an error: see ``RouteEvidence/Answer/isError``.
        package var errors: UInt64
        /// `nil` while no request has ended.
        package var latency: Latency?
        package var readyEndpoints: Int
        package var totalEndpoints: Int
        /// The Deployments whose pods make up the destination, in alphabetical order.
        package var workloads: [String]
        /// Whether host, subset and port exist.
        package var isDefined: Bool
        /// Whether the subset means a version label, because no DestinationRule defines it.
        package var isImplicit: Bool
    }

    package struct Route: Sendable {
        package var action: RouteAction
        /// The route's number among all of the host (``HostRoute``).
        package var index: Int
        package var name: String
        /// In words: `any request`.
        package var match: String
        /// The revision from which observed requests count.
        package var since: Int64
        package var observedRequests: UInt64
        package var destinations: [Destination]
        /// `nil` for a host without VirtualService.
        package var virtualService: ResourceKey?
        /// For a redirect or a direct response: its status.
        package var status: Int?
        /// Whether it takes TCP connections, which then are what is counted, instead of requests.
        package var isConnection = false
    }

    /// The full name.
    package var host: String
    /// The one that decides, the oldest where Gateways put several together; `nil` where there is none.
    package var virtualService: ResourceKey?
    /// The store's revision that the report was read at.
    package var revision: Int64
    package var routes: [Route]
    /// The routes of `spec.tcp`.
    package var connectionRoutes: [Route] = []
}
