// SPDX-License-Identifier: Apache-2.0

/// What was counted of a destination of the present table.
package struct DestinationLoad: Sendable {
    /// Envoy's name of its cluster.
    package var name: String
    package var host: String
    /// Among which its requests are spread: `127.0.0.1:34567`.
    package var endpoints: Set<String>
    /// Requests, connections and copies that were assigned so far.
    package var requests: UInt64
    /// Those of them that have not ended.
    package var underWay: UInt64
}

extension Proxy {
    /// All destinations of the present table. It takes as long as the table is large.
    package var loads: [DestinationLoad] { AdminPages(shared: shared).clusterList.loads }
}
