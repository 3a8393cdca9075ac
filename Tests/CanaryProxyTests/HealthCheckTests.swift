// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Health checks with real endpoints: what fails gets no requests.
@Suite(.timeLimit(.minutes(15))) struct HealthCheckTests {
    /// A proxy whose table follows the checks, as that of a store does.
    private final class CheckedProxy {
        private final class Following: Sendable {
            let builder: Mutex<RoutingTableBuilder>
            let failing = Mutex<Set<EndpointAddress>>([])

            init(_ builder: RoutingTableBuilder) { self.builder = Mutex(builder) }

            func take(_ failing: Set<EndpointAddress>, _ proxy: Proxy) {
                builder.withLock { builder in
                    builder.apply(failing: failing)
                    proxy.install(builder.table())
                }
                self.failing.withLock { $0 = failing }
            }
        }

        let proxy: Proxy
        private let following: Following

        init(_ resources: [Resource]) throws {
            let identifiers = RoutingIdentifiers()
            let builder = RoutingTableBuilder(
                snapshot: ClusterSnapshot(revision: 1, resources),
                namespace: "default",
                identifiers: identifiers
            )
            let following = Following(builder)
            self.following = following
            var configuration = ProxyConfiguration()
            configuration.listen = ["127.0.0.1:0"]
            configuration.admin = nil
            configuration.drainTimeout = 1000
            proxy = try Proxy(
                configuration: configuration,
                identifiers: identifiers,
                healthChanged: { following.take($1, $0) }
            )
            proxy.install(builder.table())
            try proxy.start()
        }

        deinit {
            proxy.drain()
            proxy.wait()
        }

        func apply(_ changed: [Resource] = [], removed: [ResourceKey] = []) {
            following.builder.withLock { builder in
                builder.apply(changed: changed, removed: removed, revision: 2)
                proxy.install(builder.table())
            }
        }

        /// Waits until just these ports fail, and the workers know.
        func awaitFailing(_ ports: Set<UInt16>) {
            while Set(following.failing.withLock(\.self).map(\.port)) != ports { sched_yield() }
            #expect(proxy.waitUntilServed(milliseconds: 60_000))
        }

        func ask() throws -> TestConnection.Message {
            let client = try TestConnection(to: proxy.boundAddresses[0])
            try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            return try client.readMessage()
        }
    }

    private static func service(_ check: String?, timeout: String = "30s") -> Resource {
        var annotations: [(String, Value)] = [
            (HealthCheckPolicy.interval, "2ms"), (HealthCheckPolicy.timeout, .text(timeout)),
            (HealthCheckPolicy.unhealthyThreshold, "1"),
        ]
        if let check { annotations.append((HealthCheckPolicy.annotation, .text(check))) }
        return TestProxy.resource(
            .service,
            "app",
            [
                "metadata": ["annotations": .object(annotations)],
                "spec": ["selector": ["app": "app"], "ports": [["port": 80]]],
            ]
        )
    }

    private static func entry(_ port: UInt16) -> Resource {
        let spec: Value = [
            "address": "127.0.0.1", "ports": ["http": .integer(Int64(port))], "labels": ["app": "app"],
        ]
        return TestProxy.resource(.workloadEntry, "app-\(port)", ["spec": spec])
    }

    /// Answers requests with its name and checks with the status of `health`.
    private static func origin(_ name: String, _ health: Counter) throws -> TestOrigin {
        try TestOrigin { head in
            guard head.startLine.hasPrefix("GET /healthz") else { return TestOrigin.response(name) }
            return TestOrigin.response("", status: "\(health.value) x")
        }
    }

    @Test func `an endpoint that fails gets no requests until it is well again`() throws {
        let (first, second) = (Counter(), Counter())
        for health in [first, second] { health.reset(to: 200) }
        let a = try Self.origin("a", first)
        let b = try Self.origin("b", second)
        let proxy = try CheckedProxy([Self.service("http:/healthz"), Self.entry(a.port), Self.entry(b.port)])
        first.reset(to: 503)
        proxy.awaitFailing([a.port])
        for _ in 0..<50 { #expect(try proxy.ask().body == "b") }
        // None left is the only reason for a 503.
        second.reset(to: 500)
        proxy.awaitFailing([a.port, b.port])
        #expect(try proxy.ask().status == 503)
        first.reset(to: 204)
        proxy.awaitFailing([b.port])
        for _ in 0..<50 { #expect(try proxy.ask().body == "a") }
        let page = AdminPages(shared: proxy.proxy.shared).clusters().body
        #expect(page.contains("app.default.svc.cluster.local::127.0.0.1:\(a.port)::health_flags::healthy"))
        #expect(
            page.contains(
                "app.default.svc.cluster.local::127.0.0.1:\(b.port)::health_flags::/failed_active_hc"
            )
        )
        let metrics = PrometheusText(shared: proxy.proxy.shared).text()
        #expect(metrics.contains("\ncanaryctl_checked_endpoints 2\n"))
        #expect(metrics.contains("\ncanaryctl_failing_endpoints 1\n"))
        #expect(proxy.proxy.failingEndpoints.map(\.reason) == ["status 500"])
    }

    @Test func `with panic, all get requests where too few are left`() throws {
        let health = Counter()
        health.reset(to: 500)
        let origin = try Self.origin("a", health)
        let rule = TestProxy.resource(
            .destinationRule,
            "app",
            ["spec": ["host": "app", "trafficPolicy": ["outlierDetection": ["minHealthPercent": 50]]]]
        )
        let proxy = try CheckedProxy([Self.service("http:/healthz"), Self.entry(origin.port), rule])
        proxy.awaitFailing([origin.port])
        #expect(try proxy.ask().body == "a")
    }

    @Test func `a connection is enough for a check of TCP, and its lack a failure`() throws {
        let origin = try TestOrigin { connection, _ in _ = connection.readToEnd() }
        let unused = try TestOrigin.unusedPort()
        let proxy = try CheckedProxy([Self.service("tcp"), Self.entry(origin.port), Self.entry(unused)])
        proxy.awaitFailing([unused])
        #expect(proxy.proxy.failingEndpoints.map(\.reason) == ["connection refused"])
    }

    @Test func `what is silent fails when its time is up`() throws {
        let origin = try TestOrigin { connection, _ in _ = connection.readToEnd() }
        let proxy = try CheckedProxy([
            Self.service("http:/healthz", timeout: "20ms"), Self.entry(origin.port),
        ])
        proxy.awaitFailing([origin.port])
        #expect(proxy.proxy.failingEndpoints.map(\.reason) == ["timeout"])
    }

    @Test func `checks end when the endpoint leaves, or nobody asks for them any more`() throws {
        let unused = try TestOrigin.unusedPort()
        let proxy = try CheckedProxy([Self.service("tcp"), Self.entry(unused)])
        proxy.awaitFailing([unused])
        proxy.apply(removed: [Self.entry(unused).key])
        proxy.awaitFailing([])
        #expect(proxy.proxy.shared.health.standings().isEmpty)
        proxy.apply([Self.entry(unused)])
        proxy.awaitFailing([unused])
        proxy.apply([Self.service(nil)])
        proxy.awaitFailing([])
        #expect(proxy.proxy.shared.health.standings().isEmpty)
    }
}
