// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct ConnectionLimitsTests {
    /// The limits of the cluster of a route's only destination.
    private func clusterLimits(_ policy: Node) -> ConnectionLimits? {
        let rule = object(
            .destinationRule,
            "helloworld",
            ["spec": ["host": "helloworld", "trafficPolicy": policy]]
        )
        let probe = RouteProbe(
            ["route": [["destination": ["host": "helloworld"]]]],
            objects: Helloworld.backends + [rule]
        )
        return probe.withRoute(probe.facts()) { $0.destination(for: probe.facts(), random: 0)?.limits } ?? nil
    }

    @Test func `nothing is limited unless a rule says so, and zero is no limit`() {
        let zeros: Node = [
            "connectionPool": [
                "tcp": ["maxConnections": 0],
                "http": [
                    "http1MaxPendingRequests": 0, "http2MaxRequests": 0, "maxRetries": 0,
                    "maxRequestsPerConnection": 0,
                ],
            ]
        ]
        for policy: Node in [[:], ["connectionPool": [:]], zeros] {
            let limits = clusterLimits(policy)
            #expect(limits?.isUnlimited == true)
            #expect(limits?.connectTimeoutMilliseconds == 10_000)
            #expect(limits?.idleTimeoutMilliseconds == 3_600_000)
            #expect(limits?.tcpIdleTimeoutMilliseconds == 3_600_000)
            #expect(limits?.lifetimeMilliseconds == 0)
            #expect(limits?.requestsPerConnection == 0)
            #expect(limits?.keepAlive == .init())
        }
    }

    @Test func `limits come from the rule`() throws {
        let limits = try #require(
            clusterLimits([
                "retryBudget": ["percent": 50, "minRetryConcurrency": 2],
                "connectionPool": [
                    "tcp": [
                        "maxConnections": 1, "connectTimeout": "1s", "idleTimeout": "0s",
                        "maxConnectionDuration": "5s",
                        "tcpKeepalive": ["probes": 3, "time": "60s", "interval": "10s"],
                    ],
                    "http": [
                        "http1MaxPendingRequests": 2, "http2MaxRequests": 3, "maxRetries": 4,
                        "maxRequestsPerConnection": 5, "idleTimeout": "2s",
                    ],
                ],
            ])
        )
        #expect(
            [limits.connections, limits.pendingRequests, limits.requests, limits.retries] == [1, 2, 3, 4]
        )
        #expect(limits.requestsPerConnection == 5)
        #expect(limits.connectTimeoutMilliseconds == 1000)
        #expect(limits.idleTimeoutMilliseconds == 2000)
        #expect(limits.tcpIdleTimeoutMilliseconds == 0)
        #expect(limits.lifetimeMilliseconds == 5000)
        #expect(limits.keepAlive.isOn)
        let alive = limits.keepAlive
        #expect([alive.probes, alive.idleSeconds, alive.intervalSeconds] == [3, 60, 10])
        #expect(limits.retryPercent == 50)
        #expect(limits.leastRetries == 2)
    }

    @Test func `the settings of a port replace the block`() {
        let policy: Node = [
            "connectionPool": ["tcp": ["maxConnections": 1, "connectTimeout": "1s"]],
            "portLevelSettings": [
                ["port": ["number": 5000], "connectionPool": ["tcp": ["maxConnections": 9]]]
            ],
        ]
        #expect(clusterLimits(policy)?.connections == 9)
        #expect(clusterLimits(policy)?.connectTimeoutMilliseconds == 10_000)
    }

    // MARK: - Decisions

    private func use(
        connections: UInt32 = 0,
        pending: UInt32 = 0,
        requests: UInt32 = 0,
        retries: UInt32 = 0
    ) -> ConnectionLimits.Use {
        var use = ConnectionLimits.Use()
        (use.connections, use.pendingRequests) = (connections, pending)
        (use.requests, use.retries) = (requests, retries)
        return use
    }

    @Test func `a request takes an idle connection, makes one, waits or overflows`() {
        var limits = ConnectionLimits()
        (limits.connections, limits.pendingRequests, limits.requests) = (2, 3, 4)
        #expect(limits.admit(use(), hasIdle: true, endpointConnections: 1) == .useIdle)
        #expect(limits.admit(use(requests: 3), hasIdle: true, endpointConnections: 1) == .useIdle)
        #expect(limits.admit(use(requests: 4), hasIdle: true, endpointConnections: 1) == .overflow)
        #expect(limits.admit(use(connections: 1), hasIdle: false, endpointConnections: 1) == .connect)
        #expect(limits.admit(use(connections: 2), hasIdle: false, endpointConnections: 1) == .wait)
        // An endpoint without any gets one, else nothing would end the waiting.
        #expect(limits.admit(use(connections: 2), hasIdle: false, endpointConnections: 0) == .connect)
        #expect(limits.admit(use(pending: 2), hasIdle: false, endpointConnections: 1) == .connect)
        #expect(limits.admit(use(pending: 3), hasIdle: false, endpointConnections: 0) == .overflow)
        #expect(limits.mayStart(use(requests: 3)))
        #expect(!limits.mayStart(use(requests: 4)))
    }

    @Test func `retries are limited by number, or by a budget in its place`() {
        var limits = ConnectionLimits()
        #expect(limits.mayRetry(use(retries: 1_000_000)))
        limits.retries = 2
        #expect(limits.mayRetry(use(retries: 1)))
        #expect(!limits.mayRetry(use(retries: 2)))
        limits.retryPercent = 20
        limits.leastRetries = 3
        #expect(limits.mayRetry(use(retries: 2)))
        #expect(!limits.mayRetry(use(retries: 3)))
        #expect(limits.mayRetry(use(pending: 10, requests: 40, retries: 9)))
        #expect(!limits.mayRetry(use(pending: 10, requests: 40, retries: 10)))
    }
}
