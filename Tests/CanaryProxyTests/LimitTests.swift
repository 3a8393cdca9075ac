// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryResources
import CanaryRouting
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// What a DestinationRule's `connectionPool` does to real traffic.
@Suite(.timeLimit(.minutes(15))) struct LimitTests {
    private static let request = "GET / HTTP/1.1\r\nHost: app\r\n\r\n"

    /// A proxy with one worker in front of an origin that answers once it is let.
    private struct Scene {
        let origin: TestOrigin
        let proxy: TestProxy
        let heard = Counter()
        let allowed = Counter()

        init(_ pool: Value, http: Value? = nil) throws {
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
                http: http,
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

    @Test(arguments: [nil, ["http": ["maxRetries": 5]]] as [Value?])
    func `a limit that is taken away lets those who wait go on`(pool: Value?) throws {
        let scene = try Scene(["tcp": ["maxConnections": 1]])
        let first = try scene.send()
        scene.wait { $0.requests == 1 }
        let others = try (1...2).map { number in
            let connection = try scene.send()
            scene.wait { $0.pendingRequests == number }
            return connection
        }
        let rules = pool.map { [RoutedScene.policy([("connectionPool", $0)])] } ?? []
        scene.proxy.proxy.install(
            TestProxy.table([("v1", scene.origin.port)], nil, rules, scene.proxy.identifiers, revision: 2)
        )
        // While the first still has the only connection.
        while scene.origin.connections.load(ordering: .relaxed) < 3 { sched_yield() }
        scene.allow(3)
        for connection in [first] + others { #expect(try connection.readMessage().status == 200) }
    }

    @Test func `a limit that is raised lets those who wait go on`() throws {
        let scene = try Scene(["tcp": ["maxConnections": 1]])
        let first = try scene.send()
        scene.wait { $0.requests == 1 }
        let others = try (1...3).map { number in
            let connection = try scene.send()
            scene.wait { $0.pendingRequests == number }
            return connection
        }
        let rule = RoutedScene.policy([("connectionPool", ["tcp": ["maxConnections": 3]])])
        scene.proxy.proxy.install(
            TestProxy.table([("v1", scene.origin.port)], nil, [rule], scene.proxy.identifiers, revision: 2)
        )
        // The two that came first, and the last goes on waiting.
        scene.wait { $0.requests == 3 && $0.pendingRequests == 1 }
        scene.allow(4)
        for connection in [first] + others { #expect(try connection.readMessage().status == 200) }
        #expect(scene.origin.connections.load(ordering: .relaxed) == 3)
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

    @Test func `who stands in line waits no longer than its route lets it`() throws {
        let scene = try Scene(
            ["tcp": ["maxConnections": 1]],
            http: [
                [
                    "match": [["uri": ["prefix": "/short"]]], "timeout": "0.05s",
                    "route": [["destination": ["host": "app"]]],
                ], ["route": [["destination": ["host": "app"]]]],
            ]
        )
        let first = try scene.send()
        scene.wait { $0.requests == 1 }
        #expect(try scene.send("/short").readMessage().status == 504)
        scene.wait { $0.pendingRequests == 0 }
        scene.allow(1)
        #expect(try first.readMessage().status == 200)
    }

    @Test func `a request whose resting connection was closed makes another in its place`() throws {
        let isClosing = Counter()
        func origin() throws -> TestOrigin {
            try TestOrigin { connection, _ in
                while true {
                    let message = try connection.readMessage()
                    if message.startLine.contains("/closes"), isClosing.next() == 0 { return }
                    try connection.send(TestOrigin.response("ok"))
                }
            }
        }
        let origins = [try origin(), try origin()]
        let proxy = try TestProxy(
            origins.map { ("v1", $0.port) },
            resources: [
                RoutedScene.policy([
                    ("connectionPool", ["tcp": ["maxConnections": 1]]),
                    // By chance the same endpoint could be chosen again.
                    ("loadBalancer", ["simple": "ROUND_ROBIN"]),
                ])
            ]
        ) { $0.workers = 1 }
        // Each endpoint has a connection that rests.
        while !origins.allSatisfy({ $0.connections.load(ordering: .relaxed) > 0 }) { _ = try proxy.ask() }
        #expect(try proxy.ask("GET /closes HTTP/1.1\r\nHost: app\r\n\r\n").status == 200)
        // The one that rested made room for it.
        let use = proxy.identifiers.sharedClusters[0].use
        while use.now.requests > 0 { sched_yield() }
        #expect(use.now.connections == 1)
    }

    @Test func `connections from before a limit are none of those that it lets be`() throws {
        let gate = Counter()
        let origin = try TestOrigin { connection, _ in
            while true {
                let message = try connection.readMessage()
                if message.startLine.contains("/held") { while gate.value == 0 { sched_yield() } }
                try connection.send(TestOrigin.response("ok"))
            }
        }
        let proxy = try TestProxy([("v1", origin.port)]) { $0.workers = 1 }
        #expect(try proxy.ask().status == 200)
        let rule = RoutedScene.policy([("connectionPool", ["tcp": ["maxConnections": 1]])])
        let table = TestProxy.table([("v1", origin.port)], nil, [rule], proxy.identifiers, revision: 2)
        proxy.proxy.install(table)
        let held = "GET /held HTTP/1.1\r\nHost: app\r\n\r\n"
        let clients = [try proxy.connect(), try proxy.connect()]
        for client in clients { try client.send(held) }
        var use: ConnectionLimits.Use { proxy.identifiers.sharedClusters[0].use.now }
        while use.pendingRequests < 1 || use.requests < 1 { sched_yield() }
        #expect(use.connections == 1)
        gate.next()
        for client in clients { #expect(try client.readMessage().status == 200) }
    }

    @Test func `who was called and is refused lets the next in line go on`() throws {
        let (heard, gate) = (Counter(), Counter())
        func origin(_ name: String) throws -> TestOrigin {
            try TestOrigin { connection, _ in
                while true {
                    let message = try connection.readMessage()
                    if message.startLine.contains("/held") {
                        heard.next()
                        while gate.value == 0 { sched_yield() }
                    }
                    try connection.send(TestOrigin.response(name))
                }
            }
        }
        let origins = [try origin("a"), try origin("b")]
        let proxy = try TestProxy(
            origins.map { ("v1", $0.port) },
            resources: [
                RoutedScene.policy([
                    ("loadBalancer", ["consistentHash": ["httpHeaderName": "user"]]),
                    ("connectionPool", ["tcp": ["maxConnections": 1], "http": ["http2MaxRequests": 1]]),
                ])
            ]
        ) { $0.workers = 1 }
        func request(_ path: String, _ user: Int) -> String {
            "GET \(path) HTTP/1.1\r\nHost: app\r\nuser: \(user)\r\n\r\n"
        }
        var users: [String: Int] = [:]
        for user in 0..<100 { users[try proxy.ask(request("/", user)).body] = user }
        let (mine, other) = (try #require(users["a"]), try #require(users["b"]))
        var use: ConnectionLimits.Use { proxy.identifiers.sharedClusters[0].use.now }
        // The second request of this connection takes the only place there is before the line is served.
        let both = try proxy.connect()
        try both.send(request("/held", mine) + request("/", other))
        while heard.value == 0 { sched_yield() }
        let line = [try proxy.connect(), try proxy.connect()]
        for (index, connection) in line.enumerated() {
            try connection.send(request("/", mine))
            while use.pendingRequests <= UInt32(index) { sched_yield() }
        }
        gate.next()
        for _ in 0..<2 { #expect(try both.readMessage().status == 200) }
        for connection in line { #expect([200, 503].contains(try connection.readMessage().status)) }
        while use.requests > 0 || use.pendingRequests > 0 { sched_yield() }
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
