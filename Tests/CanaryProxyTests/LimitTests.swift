// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// What a DestinationRule's `connectionPool` does to real traffic.
@Suite(.timeLimit(.minutes(2))) struct LimitTests {
    private static let request = "GET / HTTP/1.1\r\nHost: app\r\n\r\n"

    /// A proxy with one worker in front of an origin that answers once it is let.
    private struct Scene {
        let origin: TestOrigin
        let proxy: TestProxy
        let heard = Counter()
        let allowed = Counter()

        init(_ pool: Value) throws {
            let (heard, allowed) = (heard, allowed)
            origin = try TestOrigin { connection, _ in
                while true {
                    let message = try connection.readMessage()
                    let number = heard.next()
                    while allowed.value <= number { sched_yield() }
                    if message.startLine.contains("/fails") { return }
                    try connection.send(TestOrigin.response("\(number)"))
                }
            }
            proxy = try TestProxy(
                [("v1", origin.port)],
                resources: [RoutedScene.policy([("connectionPool", pool)])]
            ) { $0.workers = 1 }
        }

        /// Lets the origin answer so many requests in all.
        func allow(_ count: Int) { allowed.reset(to: count) }

        /// What is under way.
        var use: ConnectionLimits.Use { clusters[0].use.now }
        var clusters: [SharedCluster] { proxy.identifiers.sharedClusters.filter { $0.name.contains("app") } }

        func wait(until isTrue: (ConnectionLimits.Use) -> Bool) { while !isTrue(use) { sched_yield() } }

        func send(_ path: String = "/") throws -> TestConnection {
            let connection = try proxy.connect()
            try connection.send("GET \(path) HTTP/1.1\r\nHost: app\r\n\r\n")
            return connection
        }
    }

    @Test func `requests wait for the connections that there may be, and are refused beyond that`() throws {
        let scene = try Scene([
            "tcp": ["maxConnections": 1], "http": ["http1MaxPendingRequests": 2],
        ])
        let first = try scene.send()
        scene.wait { $0.requests == 1 }
        let second = try scene.send()
        scene.wait { $0.pendingRequests == 1 }
        let third = try scene.send()
        scene.wait { $0.pendingRequests == 2 }
        let refused = try scene.send().readMessage()
        #expect(refused.status == 503 && refused.field("x-envoy-overloaded") == "true")
        #expect(refused.body.hasSuffix("reset reason: overflow"))
        scene.allow(3)
        // In the order in which they came.
        #expect(try first.readMessage().body == "0")
        #expect(try second.readMessage().body == "1")
        #expect(try third.readMessage().body == "2")
        #expect(scene.origin.connections.load(ordering: .relaxed) == 1)
        let overflows = scene.clusters[0].use.overflows
        #expect(overflows.requests == 1 && overflows.connections == 2 && overflows.retries == 0)
        scene.wait { $0.requests == 0 && $0.pendingRequests == 0 && $0.connections == 1 }
    }

    @Test func `a connection that goes lets the next request make its own`() throws {
        let scene = try Scene([
            "tcp": ["maxConnections": 1], "http": ["maxRequestsPerConnection": 1],
        ])
        let first = try scene.send()
        scene.wait { $0.requests == 1 }
        let second = try scene.send("/fails")
        scene.wait { $0.pendingRequests == 1 }
        let third = try scene.send()
        scene.wait { $0.pendingRequests == 2 }
        scene.allow(3)
        #expect(try first.readMessage().status == 200)
        // The origin ends this one without an answer.
        #expect(try second.readMessage().status == 503)
        #expect(try third.readMessage().status == 200)
        #expect(scene.origin.connections.load(ordering: .relaxed) == 3)
        scene.wait { $0.requests == 0 && $0.pendingRequests == 0 && $0.connections == 0 }
    }

    @Test func `who leaves the line lets those behind go on`() throws {
        let scene = try Scene(["tcp": ["maxConnections": 1]])
        let first = try scene.send()
        scene.wait { $0.requests == 1 }
        var second: TestConnection? = try scene.send()
        scene.wait { $0.pendingRequests == 1 }
        let third = try scene.send()
        scene.wait { $0.pendingRequests == 2 }
        second?.reset()
        second = nil
        scene.wait { $0.pendingRequests == 1 }
        scene.allow(2)
        #expect(try first.readMessage().body == "0")
        #expect(try third.readMessage().body == "1")
        scene.wait { $0.requests == 0 && $0.pendingRequests == 0 && $0.connections == 1 }
    }

    @Test func `there are no more requests at a time than there may be`() throws {
        let scene = try Scene(["http": ["http2MaxRequests": 2]])
        let open = [try scene.send(), try scene.send()]
        scene.wait { $0.requests == 2 }
        for _ in 0..<3 {
            let refused = try scene.send().readMessage()
            #expect(refused.status == 503 && refused.field("x-envoy-overloaded") == "true")
        }
        scene.allow(9)
        for connection in open { #expect(try connection.readMessage().status == 200) }
        scene.wait { $0.requests == 0 }
        #expect(try scene.send().readMessage().status == 200)
        #expect(scene.clusters[0].use.overflows.requests == 3)
    }

    @Test func `what did not fit is told by log and metrics`() throws {
        let log = try LoggedRequests()
        let gate = Counter()
        let origin = try TestOrigin { connection, _ in
            while true {
                _ = try connection.readMessage()
                while gate.value == 0 { sched_yield() }
                try connection.send(TestOrigin.response("ok"))
            }
        }
        let proxy = try TestProxy(
            [("v1", origin.port)],
            resources: [RoutedScene.policy([("connectionPool", ["http": ["http2MaxRequests": 1]])])],
            configure: { log.configure(&$0) }
        )
        let first = try proxy.connect()
        try first.send(Self.request)
        while proxy.identifiers.sharedClusters[0].use.now.requests == 0 { sched_yield() }
        #expect(try proxy.ask().status == 503)
        gate.next()
        #expect(try first.readMessage().status == 200)
        let pages = AdminPages(shared: proxy.proxy.shared)
        let name = "outbound|80||app.default.svc.cluster.local"
        #expect(
            pages.prometheus().body.contains(
                "envoy_cluster_upstream_rq_pending_overflow{cluster_name=\"\(name)\"} 1\n"
            )
        )
        let lines = pages.clusters().body.split(separator: "\n")
        #expect(lines.contains("\(name)::default_priority::max_requests::1"))
        #expect(lines.contains("\(name)::rq_pending_overflow::1"))
        proxy.stop()
        #expect(log.outcomes().sorted() == ["200 -", "503 UO"])
    }
}

/// Limits without sockets.
struct ConnectionUseTests {
    @Test func `keep-alive is set as the rule says`() {
        var settings = ConnectionLimits.KeepAlive()
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        func option(_ level: Int32, _ name: Int32) -> Int32 {
            var value: Int32 = -1
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, level, name, &value, &size)
            return value
        }
        let tcp = Int32(IPPROTO_TCP)
        let standard = option(tcp, TCP_KEEPINTVL)
        Transport.plain(descriptor).keepAlive(settings)
        #expect(option(SOL_SOCKET, SO_KEEPALIVE) == 0)
        (settings.isOn, settings.probes, settings.idleSeconds) = (true, 3, 77)
        Transport.plain(descriptor).keepAlive(settings)
        #expect(option(SOL_SOCKET, SO_KEEPALIVE) == 1 && option(tcp, TCP_KEEPCNT) == 3)
        #expect(option(tcp, TCP_KEEPIDLE) == 77 && option(tcp, TCP_KEEPINTVL) == standard)
    }

    @Test func `retries have a limit of their own, and count until the request ends`() throws {
        let pool: Value = ["http": ["maxRetries": 1]]
        let scenes = (0..<2).map { _ in
            ExchangeScene(resources: [RoutedScene.policy([("connectionPool", pool)])])
        }
        let found = scenes[0].exchange.pointee.destination
        let destination = try #require(found)
        let use = try #require(destination.sharedUse)
        var side = UpstreamSide(identifiers: scenes[0].routed.identifiers, counters: WorkerCounters())
        let (one, other) = (scenes[0].exchange, scenes[1].exchange)
        let before = [one, one, other].map { side.mayRetry($0, destination.limits, use) }
        #expect(before == [true, true, false])
        side.endClaims(one, isLast: false)
        let isStillFull = !side.mayRetry(other, destination.limits, use)
        side.endClaims(one, isLast: true)
        let isFree = side.mayRetry(other, destination.limits, use)
        #expect(isStillFull && isFree)
        #expect(use.now.retries == 1 && use.overflows.retries == 2)
    }

    @Test func `a line is left from any place`() {
        let scenes = (0..<4).map { _ in ExchangeScene() }
        var line = WaitingList()
        for scene in scenes[..<3] { line.append(scene.exchange) }
        line.prepend(scenes[3].exchange)
        line.remove(scenes[1].exchange)
        line.remove(scenes[2].exchange)
        line.append(scenes[1].exchange)
        line.remove(scenes[3].exchange)
        let order = [line.popFirst(), line.popFirst(), line.popFirst()]
        #expect(order == [scenes[0].exchange, scenes[1].exchange, nil] && line.isEmpty)
    }
}
