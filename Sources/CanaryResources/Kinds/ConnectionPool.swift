// SPDX-License-Identifier: Apache-2.0

/// A traffic policy's `connectionPool`: how many connections and requests there may be, and for how long. Numbers that are
/// missing or not positive mean Istio's default, which is no limit.
package struct ConnectionPool: Sendable {
    package struct KeepAlive: Hashable, Sendable {
        package var probes: Int?
        package var time: Duration?
        package var interval: Duration?
    }

    package var maxConnections: Int?
    package var connectTimeout: Duration?
    package var keepAlive: KeepAlive?
    package var maxConnectionDuration: Duration?
    /// Of TCP routes; zero is for ever.
    package var tcpIdleTimeout: Duration?
    package var maxPendingRequests: Int?
    /// Of HTTP/1 as well, in spite of its name `http2MaxRequests`.
    package var maxRequests: Int?
    package var maxRequestsPerConnection: Int?
    package var maxRetries: Int?
    /// Of pooled HTTP connections.
    package var idleTimeout: Duration?
    /// HTTP/2 is spoken to endpoints whose port says no more than HTTP.
    package var upgradesToHTTP2 = false
    /// Endpoints are spoken to as the client speaks.
    package var usesClientProtocol = false
    /// Of a connection of HTTP/2.
    package var maxConcurrentStreams: Int?

    init(_ node: Node) {
        let tcp = node["tcp"]
        let http = node["http"]
        func limit(_ block: Node?, _ key: String) -> Int? {
            block?[key]?.integer.flatMap { $0 > 0 ? Int($0) : nil }
        }
        maxConnections = limit(tcp, "maxConnections")
        connectTimeout = Duration(tcp?["connectTimeout"])
        maxConnectionDuration = Duration(tcp?["maxConnectionDuration"])
        tcpIdleTimeout = Duration(tcp?["idleTimeout"])
        keepAlive = tcp?["tcpKeepalive"].map { alive in
            KeepAlive(
                probes: limit(alive, "probes"),
                time: Duration(alive["time"]),
                interval: Duration(alive["interval"])
            )
        }
        maxPendingRequests = limit(http, "http1MaxPendingRequests")
        maxRequests = limit(http, "http2MaxRequests")
        maxRequestsPerConnection = limit(http, "maxRequestsPerConnection")
        maxRetries = limit(http, "maxRetries")
        idleTimeout = Duration(http?["idleTimeout"])
        upgradesToHTTP2 = http?["h2UpgradePolicy"]?.string == "UPGRADE"
        usesClientProtocol = http?["useClientProtocol"]?.bool == true
        maxConcurrentStreams = limit(http, "maxConcurrentStreams")
    }
}

/// A traffic policy's `retryBudget`, in place of `maxRetries`.
package struct RetryBudget: Hashable, Sendable {
    /// Of the requests under way and waiting.
    package var percent: Double
    /// So many retries at once are always allowed.
    package var minRetryConcurrency: Int

    init(_ node: Node) {
        percent = min(max(node["percent"]?.number ?? 20, 0), 100)
        minRetryConcurrency = node["minRetryConcurrency"]?.integer.map { Int(max($0, 0)) } ?? 3
    }
}
