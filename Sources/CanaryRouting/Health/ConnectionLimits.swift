// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What a cluster's `connectionPool` allows, with Istio's defaults: Envoy's circuit breakers. Numbers are of the cluster, over
/// all of its endpoints and all workers.
package struct ConnectionLimits: BitwiseCopyable, Sendable {
    /// How a request gets a connection.
    package enum Admission: UInt8, BitwiseCopyable, Sendable {
        case useIdle
        case connect
        /// Until a connection of the endpoint is free.
        case wait
        /// 503 with `x-envoy-overloaded: true` and flag UO, never retried.
        case overflow
    }

    /// What is under way.
    package struct Use: BitwiseCopyable, Sendable {
        package var connections: UInt32 = 0
        /// Requests that wait for a connection, those for which one is being made included.
        package var pendingRequests: UInt32 = 0
        package var requests: UInt32 = 0
        /// Requests that are retries, those that wait for their time included.
        package var retries: UInt32 = 0

        package init() {}
    }

    package var connections = UInt32.max
    package var pendingRequests = UInt32.max
    package var requests = UInt32.max
    package var retries = UInt32.max
    /// Instead of ``retries``: of the requests under way and waiting; negative where there is no budget.
    package var retryPercent: Double = -1
    package var leastRetries: UInt32 = 3
    /// 0 is unlimited, 1 no keep-alive.
    package var requestsPerConnection: Int32 = 0
    /// At once, on a connection of HTTP/2.
    package var streams = UInt32.max
    package var connectTimeoutMilliseconds: Int32 = 10_000
    /// Of pooled connections; 0 is for ever.
    package var idleTimeoutMilliseconds: Int32 = 3_600_000
    /// Of the connections of TCP routes; 0 is for ever.
    package var tcpIdleTimeoutMilliseconds: Int32 = 3_600_000
    /// How long a connection may live; 0 is for ever.
    package var lifetimeMilliseconds: Int32 = 0
    package var keepAlive = KeepAlive()

    /// TCP keep-alive; numbers of 0 are the system's.
    package struct KeepAlive: BitwiseCopyable, Sendable, Equatable {
        package var isOn = false
        package var probes: Int32 = 0
        package var idleSeconds: Int32 = 0
        package var intervalSeconds: Int32 = 0

        package init() {}
    }

    package init() {}

    init(_ policy: ConnectionPool?, budget: RetryBudget?) {
        if let budget {
            retryPercent = budget.percent
            leastRetries = UInt32(clamping: budget.minRetryConcurrency)
        }
        guard let policy else { return }
        func limit(_ number: Int?) -> UInt32 { number.map { UInt32(clamping: $0) } ?? .max }
        func time(_ duration: Duration?, _ standard: Int32) -> Int32 {
            duration.map { Int32(clamping: $0.milliseconds) } ?? standard
        }
        connections = limit(policy.maxConnections)
        pendingRequests = limit(policy.maxPendingRequests)
        requests = limit(policy.maxRequests)
        retries = limit(policy.maxRetries)
        requestsPerConnection = Int32(clamping: policy.maxRequestsPerConnection ?? 0)
        streams = limit(policy.maxConcurrentStreams)
        connectTimeoutMilliseconds = time(policy.connectTimeout, connectTimeoutMilliseconds)
        idleTimeoutMilliseconds = time(policy.idleTimeout, idleTimeoutMilliseconds)
        tcpIdleTimeoutMilliseconds = time(policy.tcpIdleTimeout, tcpIdleTimeoutMilliseconds)
        lifetimeMilliseconds = time(policy.maxConnectionDuration, 0)
        if let alive = policy.keepAlive {
            keepAlive.isOn = true
            keepAlive.probes = Int32(clamping: alive.probes ?? 0)
            keepAlive.idleSeconds = Int32(clamping: (alive.time?.milliseconds ?? 0) / 1000)
            keepAlive.intervalSeconds = Int32(clamping: (alive.interval?.milliseconds ?? 0) / 1000)
        }
    }

    /// Whether anything has to be counted for the cluster.
    var isUnlimited: Bool {
        connections == .max && pendingRequests == .max && requests == .max && retries == .max
            && retryPercent < 0
    }

    /// How a request to an endpoint gets a connection, as Envoy's pools decide (`conn_pool_base.cc`). An endpoint without any
    /// connection always gets one: nothing else would end the waiting. With `isConnecting` one is being made that has room for it.
    package func admit(_ use: Use, hasIdle: Bool, isConnecting: Bool = false, endpointConnections: UInt32)
        -> Admission
    {
        if hasIdle { return mayStart(use) ? .useIdle : .overflow }
        guard use.pendingRequests < pendingRequests else { return .overflow }
        let mayConnect = use.connections < connections || endpointConnections == 0
        return isConnecting || mayConnect ? .connect : .wait
    }

    /// Whether a request may go out on a connection that it has; if not, it overflows.
    package func mayStart(_ use: Use) -> Bool { use.requests < requests }

    /// Whether there may be one more retry: at most `maxRetries`, or with a budget the larger of its share and its least
    /// (`resource_manager_impl.h`).
    package func mayRetry(_ use: Use) -> Bool {
        guard retryPercent >= 0 else { return use.retries < retries }
        let share = retryPercent / 100 * (Double(use.requests) + Double(use.pendingRequests))
        return use.retries < max(UInt32(min(share, Double(UInt32.max))), leastRetries)
    }
}
