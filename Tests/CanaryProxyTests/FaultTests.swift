// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Synchronization
import Testing

@testable import CanaryProxy

/// Faults that a route injects: what clients, origins, counters and logs see of them.
struct FaultTests {
    private static func abort(_ status: Int64, _ share: Int64 = 100) -> Value {
        ["abort": ["httpStatus": .integer(status), "percentage": ["value": .integer(share)]]]
    }

    private static func delay(_ duration: String, _ share: Int64 = 100) -> (String, Value) {
        ("delay", ["fixedDelay": .text(duration), "percentage": ["value": .integer(share)]])
    }

    private static func proxy(
        _ port: UInt16,
        _ fault: Value,
        _ fields: [(String, Value)] = [],
        configure: (inout ProxyConfiguration) -> Void = { _ in }
    ) throws -> TestProxy {
        let http = TestProxy.route("v1", [("fault", fault)] + fields)
        return try TestProxy([("v1", port)], http: http, configure: configure)
    }

    private static let get = "GET / HTTP/1.1\r\nHost: app\r\n\r\n"

    /// A proxy that holds a request back which it has read: the answer to another one that came in front says so.
    private static func holding(
        _ request: String,
        _ port: UInt16,
        _ duration: String,
        configure: (inout ProxyConfiguration) -> Void
    ) throws -> (TestProxy, TestConnection) {
        let http: Value = [
            ["match": [["uri": ["exact": "/quick"]]], "directResponse": ["status": 204]],
            [
                "route": [["destination": ["host": "app", "subset": "v1"]]],
                "fault": .object([delay(duration)]),
            ],
        ]
        let proxy = try TestProxy([("v1", port)], http: http, configure: configure)
        let connection = try proxy.connect()
        try connection.send("GET /quick HTTP/1.1\r\nHost: app\r\n\r\n" + request)
        #expect(try connection.readMessage().status == 204)
        return (proxy, connection)
    }

    // MARK: - Aborts

    @Test func `an aborted request gets the fault's status and never reaches the origin`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try Self.proxy(origin.port, Self.abort(418))
        let connection = try proxy.connect()
        // The connection goes on, and so do requests that were sent behind.
        try connection.send("HEAD / HTTP/1.1\r\nHost: app\r\n\r\n" + Self.get + Self.get)
        #expect(try connection.readMessage(isHead: true).status == 418)
        for _ in 0..<2 {
            let answer = try connection.readMessage()
            #expect(answer.status == 418 && answer.body == "fault filter abort")
            #expect(answer.field("content-type") == "text/plain" && answer.field("connection") == nil)
        }
        #expect(proxy.answers { $0.destination.isEmpty } == ["418 FI": 3])
        #expect(proxy.requestsInMetrics() == ["418 FI": 3])
        #expect(origin.connections.load(ordering: .relaxed) == 0)
    }

    @Test(arguments: [1, 65_536, 4 << 20])
    func `an upload that is aborted is answered at once`(size: Int) throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try Self.proxy(origin.port, Self.abort(503))
        let connection = try proxy.connect()
        let body = String(repeating: "x", count: size)
        // Nobody reads to the end of it: sending may fail, the answer comes all the same.
        try? connection.send("PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: \(size)\r\n\r\n\(body)")
        let answer = try connection.readMessage()
        #expect(answer.status == 503 && answer.body == "fault filter abort")
        #expect(answer.field("connection") == "close")
    }

    @Test func `a share is aborted, and everything is counted once`() throws {
        let received = Counter()
        let origin = try TestOrigin { _ in
            received.next()
            return TestOrigin.response("v1")
        }
        let proxy = try Self.proxy(origin.port, Self.abort(500, 25))
        let connection = try proxy.connect()
        let count = 800
        var aborted = 0
        for _ in 0..<count {
            try connection.send(Self.get)
            if try connection.readMessage().status == 500 { aborted += 1 }
        }
        #expect(aborted + received.value == count)
        // Seven standard deviations.
        #expect(abs(Double(aborted) - 200) < 7 * (Double(count) * 0.25 * 0.75).squareRoot())
        let expected = ["500 FI": UInt64(aborted), "200 -": UInt64(received.value)]
        #expect(proxy.answers() == expected)
        #expect(proxy.requestsInMetrics() == expected)
    }

    @Test func `a gRPC client finds the fault in grpc-status, others in the status`() throws {
        let proxies = [
            (try Self.proxy(1, ["abort": ["grpcStatus": "UNAVAILABLE", "percentage": ["value": 100]]]), 200),
            (try Self.proxy(1, Self.abort(503)), 503),
        ]
        for (proxy, status) in proxies {
            let call = "POST / HTTP/1.1\r\nHost: app\r\nContent-Type: application/grpc+proto\r\n\r\n"
            let answer = try proxy.ask(call)
            #expect(answer.status == 200 && answer.body == "" && answer.field("grpc-status") == "14")
            #expect(answer.field("content-type") == "application/grpc")
            #expect(answer.field("grpc-message") == "fault filter abort")
            let other = try proxy.ask()
            #expect(other.status == status && other.field("grpc-status") == nil)
            #expect(other.body == "fault filter abort")
        }
    }

    // MARK: - Delays

    @Test func `a delayed request arrives whole, whatever its size, and those behind it in their order`()
        throws
    {
        let sizes = [0, 1, 65_536, 3 << 20]
        let received = Mutex<[Int]>([])
        let origin = try TestOrigin { message in
            received.withLock { $0.append(message.body.utf8.count) }
            return TestOrigin.response(message.startLine.hasPrefix("HEAD") ? "" : "v1")
        }
        let proxy = try Self.proxy(origin.port, .object([Self.delay("40ms")]))
        let connection = try proxy.connect()
        let start = ContinuousClock.now
        for size in sizes {
            let body = String(repeating: "x", count: size)
            try connection.send("PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: \(size)\r\n\r\n\(body)")
        }
        try connection.send("HEAD / HTTP/1.1\r\nHost: app\r\n\r\n" + Self.get)
        for _ in sizes { #expect(try connection.readMessage().body == "v1") }
        #expect(try connection.readMessage(isHead: true).status == 200)
        #expect(try connection.readMessage().body == "v1")
        #expect(ContinuousClock.now - start >= .milliseconds(6 * 40))
        #expect(received.withLock { $0 } == sizes + [0, 0])
        #expect(proxy.answers() == ["200 DI": 6])
        #expect(proxy.requestsInMetrics() == ["200 DI": 6])
    }

    @Test func `both faults show, in counters and in the access log`() throws {
        let log = try LoggedRequests()
        let fault: Value = .object([
            Self.delay("5ms"), ("abort", ["httpStatus": 400, "percentage": ["value": 100]]),
        ])
        let proxy = try Self.proxy(1, fault, configure: log.configure)
        #expect(try proxy.ask().status == 400)
        #expect(proxy.answers() == ["400 DI,FI": 1])
        #expect(log.outcomes() == ["400 DI,FI"])
    }

    @Test func `a delayed request to nobody is told apart from others`() throws {
        let proxy = try Self.proxy(try TestOrigin.unusedPort(), .object([Self.delay("5ms")]))
        #expect(try proxy.ask().status == 503)
        #expect(proxy.answers() == ["503 DI,URX,UF": 1])
    }

    @Test(arguments: [
        get, "PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: 2\r\n\r\nhi",
        "PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: 9\r\n\r\nhi", get + get,
    ])
    func `a client that leaves while it is delayed is noticed`(request: String) throws {
        let origin = try TestOrigin(named: "v1")
        for resets in [false, true] {
            let proxy: TestProxy
            do {
                let connection: TestConnection
                (proxy, connection) = try Self.holding(request, origin.port, "1h") {
                    $0.limits.departureTimeout = 1
                    $0.drainTimeout = 60_000
                }
                if resets {
                    connection.reset()
                } else {
                    connection.finishSending()
                    #expect(connection.isEnded())
                }
            }
            let answers = proxy.answers()
            #expect(answers == ["204 -": 1, "0 DI,DC": 1], "resets: \(resets)")
        }
        #expect(origin.connections.load(ordering: .relaxed) == 0)
    }

    @Test func `the end of the drain timeout ends a delay`() throws {
        let (proxy, connection) = try Self.holding(Self.get, 1, "1h") { $0.drainTimeout = 20 }
        let answers = proxy.answers()
        #expect(connection.isEnded())
        #expect(answers == ["204 -": 1, "0 DI,DT": 1])
    }

    @Test func `a delay that ends while the proxy drains is answered`() throws {
        let origin = try TestOrigin(named: "v1")
        let (proxy, connection) = try Self.holding(Self.get, origin.port, "50ms") { $0.drainTimeout = 60_000 }
        proxy.stop()
        let answer = try connection.readMessage()
        #expect(answer.body == "v1" && answer.field("connection") == "close")
    }

    @Test func `while a request is held back, no other time runs`() {
        let scene = ExchangeScene()
        let limits = ProxyLimits()
        scene.exchange.pointee.deadlines.stall = 5
        scene.exchange.pointee.hold(3_600_000, 1000, limits)
        #expect(scene.exchange.pointee.deadlines.next == 3_601_000)
        scene.exchange.pointee.letGo(3_601_000, limits)
        #expect(scene.exchange.pointee.deadlines.stall == 3_601_000 + limits.stallTimeout)
    }
}

/// Flags are told one from the other by numbers.
struct ResponseFlagsTests {
    private static let all = ResponseFlag.allCases.flatMap { reason in
        [(false, false), (true, false), (false, true), (true, true)].map {
            ResponseFlags(reason, isDelayed: $0, hasUsedUpRetries: $1)
        }
    }

    @Test func `every set of flags has a number and a text of its own`() {
        #expect(Set(Self.all.map(\.number)).count == Self.all.count)
        #expect(Set(Self.all.map(\.text)).count == Self.all.count)
        for flags in Self.all {
            #expect(flags.number < ResponseFlags.count && ResponseFlags(number: flags.number) == flags)
        }
    }

    @Test func `flags stand in Envoy's order`() {
        let both = { ResponseFlags($0, isDelayed: true, hasUsedUpRetries: true).text }
        #expect(both(.none) == "DI,URX")
        #expect(both(.upstreamRequestTimeout) == "DI,URX,UT")
        #expect(both(.faultInjected) == "DI,URX,FI")
        #expect(both(.upstreamProtocolError) == "DI,URX,UPE")
        #expect(ResponseFlags().text == "-")
    }
}
