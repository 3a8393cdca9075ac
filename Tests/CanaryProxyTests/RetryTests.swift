// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Retries through real connections: what origins receive, what clients get, and what is counted of both.
struct RetryTests {
    private static func policy(_ on: String, attempts: Int64 = 2, _ more: [(String, Value)] = []) -> Value {
        TestProxy.route(
            "v1",
            [
                (
                    "retries",
                    .object(
                        [("attempts", .integer(attempts)), ("retryOn", .text(on)), ("backoff", "1ms")] + more
                    )
                )
            ]
        )
    }

    private static func first(_ proxy: TestProxy) -> [RouteEvidence.Answer: UInt64] {
        proxy.stop()
        return proxy.proxy.evidence().items.reduce(into: RouteEvidence()) { $0.add($1.evidence) }.firstTries
            .answers
    }

    private static let get = "GET / HTTP/1.1\r\nHost: app\r\n\r\n"

    /// What bodies an origin received.
    private final class Bodies: Sendable {
        private let bodies = Mutex<[String]>([])

        func add(_ body: String) { bodies.withLock { $0.append(body) } }
        var all: [String] { bodies.withLock(\.self) }
    }

    /// Refuses a request's first try, and tells what bodies came.
    private static func refusingFirst(_ bodies: Bodies, status: String = "503 No") throws -> TestOrigin {
        let known = Mutex<Set<String>>([])
        return try TestOrigin { message in
            bodies.add(message.body)
            let isFirst = known.withLock { $0.insert(message.field("x-request-id") ?? "").inserted }
            return TestOrigin.response("", status: isFirst ? status : "200 OK")
        }
    }

    // MARK: - Bodies

    @Test(arguments: [0, 1, 60_000, 65_536, 65_537, 2 << 20])
    func `a body that is kept is sent again whole, and a larger one not at all`(size: Int) throws {
        let bodies = Bodies()
        let origin = try Self.refusingFirst(bodies)
        let proxy = try TestProxy([("v1", origin.port)], http: Self.policy("503"))
        let body = String(repeating: "x", count: size)
        let isKept = size <= 65_536
        let connection = try proxy.connect()
        for method in ["POST", "PUT"] {
            try connection.send("\(method) / HTTP/1.1\r\nHost: app\r\nContent-Length: \(size)\r\n\r\n\(body)")
            #expect(try connection.readMessage().status == (isKept ? 200 : 503))
        }
        #expect(bodies.all == Array(repeating: body, count: isKept ? 4 : 2))
        #expect(proxy.answers() == [isKept ? "200 -" : "503 -": 2])
        #expect(Self.first(proxy) == (isKept ? [.init(status: 503): 2] : [:]))
    }

    @Test func `chunks are sent again as they came, and requests behind wait their turn`() throws {
        let bodies = Bodies()
        let origin = try Self.refusingFirst(bodies)
        let proxy = try TestProxy([("v1", origin.port)], http: Self.policy("5xx"))
        let connection = try proxy.connect()
        let chunked = "POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n"
        try connection.send(
            chunked + "5\r\nhello\r\n0\r\n\r\n" + chunked + "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
        )
        try connection.send("HEAD / HTTP/1.1\r\nHost: app\r\n\r\n")
        for _ in 0..<2 { #expect(try connection.readMessage().status == 200) }
        #expect(try connection.readMessage(isHead: true).status == 200)
        #expect(bodies.all == Array(repeating: "hello", count: 4) + ["", ""])
    }

    @Test func `an answer before the end of its request is passed on`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send(TestOrigin.response("early", status: "503 No"))
            _ = connection.readToEnd()
        }
        let proxy = try TestProxy([("v1", origin.port)], http: Self.policy("5xx"))
        let connection = try proxy.connect()
        try connection.send("PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: 9\r\n\r\nhi")
        #expect(try connection.readMessage().body == "early")
        #expect(origin.connections.load(ordering: .relaxed) == 1)
    }

    // MARK: - Ends

    @Test func `retries that are used up show as such, whatever failed`() throws {
        let tries = Counter()
        let failing = try TestOrigin { _ in
            tries.next()
            return TestOrigin.response("", status: "503 No")
        }
        let breaking = try TestOrigin { connection, _ in
            tries.next()
            _ = try connection.readHead()
        }
        let silent = try TestOrigin { connection, _ in
            tries.next()
            _ = connection.readToEnd()
        }
        let perTry: [(String, Value)] = [("perTryTimeout", "20ms")]
        for (port, more, answer, firstFlag) in [
            (failing.port, [], "503 URX", "-"), (breaking.port, [], "503 URX,UC", "UC"),
            (silent.port, perTry, "504 URX,UT", "UT"),
        ] {
            tries.reset(to: 0)
            let proxy = try TestProxy([("v1", port)], http: Self.policy("5xx", attempts: 3, more))
            let status = Int(answer.prefix(3)) ?? 0
            #expect(
                try proxy.ask("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n").status == status
            )
            // The last try may have been given up before its origin's thread had its turn.
            for _ in 0..<3000 where tries.value < 4 { poll(nil, 0, 10) }
            #expect(tries.value == 4, "\(answer)")
            #expect(proxy.answers() == [answer: 1] && proxy.requestsInMetrics() == [answer: 1])
            #expect(Self.first(proxy) == [.init(status: status, flag: firstFlag): 1])
        }
        let refused = try TestProxy(
            [("v1", try TestOrigin.unusedPort())],
            http: Self.policy("connect-failure")
        )
        #expect(try refused.ask().status == 503)
        #expect(refused.answers() == ["503 URX,UF": 1])
        // What the policy does not ask for has no limit to meet.
        let other = try TestProxy([("v1", failing.port)], http: Self.policy("connect-failure"))
        #expect(try other.ask().status == 503)
        #expect(other.answers() == ["503 -": 1])
    }

    @Test func `another endpoint is preferred, so that any number of broken ones is passed over`() throws {
        let origin = try TestOrigin(named: "alive")
        let broken = try (0..<2).map { _ in try TestOrigin { _ in TestOrigin.response("", status: "503 No") }
        }
        let rule = RoutedScene.balancing(["simple": "ROUND_ROBIN"])
        let endpoints = [("v1", origin.port)] + broken.map { ("v1", $0.port) }
        let proxy = try TestProxy(endpoints, http: Self.policy("5xx"), resources: [rule])
        let connection = try proxy.connect()
        for _ in 0..<30 {
            try connection.send(Self.get)
            #expect(try connection.readMessage().body == "alive")
        }
    }

    @Test func `what a gRPC server or a limiter says is tried again where the policy asks for it`() throws {
        for (on, fields, status, isRetried) in [
            ("unavailable", ["grpc-status: 14"], "200 OK", true),
            ("cancelled", ["grpc-status: 14"], "200 OK", false),
            ("envoy-ratelimited", ["x-envoy-ratelimited: true"], "429 No", true),
            ("5xx", ["x-envoy-ratelimited: true"], "503 No", false),
        ] {
            let tries = Counter()
            let origin = try TestOrigin { _ in
                tries.next() == 0
                    ? TestOrigin.response("", status: status, fields: fields) : TestOrigin.response("again")
            }
            let proxy = try TestProxy([("v1", origin.port)], http: Self.policy(on))
            let call = "POST / HTTP/1.1\r\nHost: app\r\nContent-Type: application/grpc\r\n"
            let answer = try proxy.ask(call + "Content-Length: 2\r\n\r\nhi")
            #expect((answer.body == "again") == isRetried, "\(on)")
            #expect(tries.value == (isRetried ? 2 : 1), "\(on)")
        }
    }

    // MARK: - While a retry is waited for

    /// A proxy whose first try failed, and whose next would come in days.
    private static func waiting(_ tries: Counter, configure: (inout ProxyConfiguration) -> Void) throws
        -> (TestProxy, TestConnection, TestOrigin)
    {
        let origin = try TestOrigin { _ in
            tries.next()
            return TestOrigin.response("", status: "503 No")
        }
        let retries: Value = ["attempts": 5, "retryOn": "5xx", "backoff": "500h"]
        let http = TestProxy.route("v1", [("retries", retries)])
        let proxy = try TestProxy([("v1", origin.port)], http: http, configure: configure)
        let connection = try proxy.connect()
        try connection.send(get)
        while tries.value == 0 { usleep(500) }
        return (proxy, connection, origin)
    }

    @Test func `a client that leaves ends it`() throws {
        let tries = Counter()
        let (proxy, connection, _) = try Self.waiting(tries) {
            $0.limits.departureTimeout = 1
            $0.drainTimeout = 60_000
        }
        connection.finishSending()
        #expect(connection.isEnded())
        #expect(proxy.answers() == ["0 DC": 1] && tries.value == 1)
    }

    @Test func `the end of the drain timeout ends it`() throws {
        let tries = Counter()
        let (proxy, connection, _) = try Self.waiting(tries) { $0.drainTimeout = 20 }
        #expect(proxy.answers() == ["0 DT": 1] && tries.value == 1)
        #expect(connection.isEnded())
    }

    @Test func `the route's timeout ends it`() throws {
        let origin = try TestOrigin { _ in TestOrigin.response("", status: "503 No") }
        let retries: Value = ["attempts": 5, "retryOn": "5xx", "backoff": "500h"]
        let http = TestProxy.route("v1", [("retries", retries), ("timeout", "50ms")])
        let proxy = try TestProxy([("v1", origin.port)], http: http)
        #expect(try proxy.ask().status == 504)
        #expect(proxy.answers() == ["504 UT": 1])
    }
}
