// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc
import Testing

@testable import CanaryProxy

/// Every timeout by itself: it alone is short and all others an hour, so what ends is ended by it.
struct TimeoutTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let limit: any WritableKeyPath<ProxyLimits, Int64> & Sendable
        let name: String
        let run: @Sendable (TestProxy) throws -> Void
        var testDescription: String { name }
    }

    private static let hour: Int64 = 3_600_000

    static let cases = [
        Case(limit: \.headTimeout, name: "headTimeout") { proxy in
            let client = try proxy.connect()
            try client.send("GET / HTTP/1.1\r\nHo")
            #expect(try client.readMessage().status == 408)
            #expect(client.isEnded())
        },
        Case(limit: \.idleTimeout, name: "idleTimeout") { proxy in
            let client = try proxy.connect()
            try client.send("GET /whole HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try client.readMessage().status == 200)
            #expect(client.isEnded())
        },
        Case(limit: \.stallTimeout, name: "stallTimeout", run: stalls),
        Case(limit: \.responseTimeout, name: "responseTimeout") { proxy in
            let answer = try proxy.ask("GET /silent HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(answer.status == 504)
        },
        Case(limit: \.tunnelTimeout, name: "tunnelTimeout") { proxy in
            let client = try TimeoutTests.tunnel(proxy)
            #expect(client.isEnded())
        },
        Case(limit: \.tcpTimeout, name: "tcpTimeout") { proxy in
            let client = try TimeoutTests.silentConnection(proxy)
            #expect(client.isEnded())
        },
        Case(limit: \.departureTimeout, name: "departureTimeout") { proxy in
            let client = try proxy.connect()
            try client.send("GET /silent HTTP/1.1\r\nHost: app\r\n\r\n")
            client.finishSending()
            #expect(client.isEnded())
        },
        Case(limit: \.halfCloseTimeout, name: "halfCloseTimeout") { proxy in
            let client = try proxy.connect()
            try client.send("GET /silent HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n")
            client.finishSending()
            #expect(client.isEnded())
        },
        Case(limit: \.lingerTimeout, name: "lingerTimeout") { proxy in
            let client = try proxy.connect()
            try client.send("nonsense\r\n\r\n")
            #expect(try client.readMessage().status == 400)
            #expect(client.isEnded())
            // Ends when the last connection is gone.
            proxy.stop()
        },
        Case(limit: \.lingerLimit, name: "lingerLimit") { proxy in
            let client = try proxy.connect()
            try client.send("nonsense\r\n\r\n")
            #expect(try client.readMessage().status == 400)
            #expect(throws: TestConnection.Ended.self) { while true { try client.send("more of it") } }
        },
        Case(limit: \.copyTimeout, name: "copyTimeout") { proxy in
            let answer = try proxy.ask("GET /copied HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(answer.body == "whole")
            while proxy.answers(inMetric: "canaryctl_mirrored_requests_total").isEmpty { usleep(500) }
            #expect(proxy.answers(inMetric: "canaryctl_mirrored_requests_total") == ["504 UT": 1])
        },
    ]

    /// Bodies that stand still: it is the origin's fault, the client's, or the client's that reads nothing.
    @Sendable private static func stalls(_ proxy: TestProxy) throws {
        do {
            let waiting = try proxy.connect()
            try waiting.send("GET /half HTTP/1.1\r\nHost: app\r\n\r\n")
            _ = try waiting.readHead()
            #expect(waiting.readToEnd() == "abc")
            let uploading = try proxy.connect()
            try uploading.send("POST /silent HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nabc")
            #expect(try uploading.readMessage().status == 408)
        }
        let ignoring = try TestConnection(to: proxy.address, receiveBuffer: 16_384)
        try ignoring.send("GET /flood HTTP/1.1\r\nHost: app\r\n\r\n")
        // A request that is still on its way when the proxy stops is not answered.
        _ = try ignoring.readHead()
        // Ends when the last connection is gone.
        proxy.stop()
    }

    private static func tunnel(_ proxy: TestProxy) throws -> TestConnection {
        let client = try proxy.connect()
        try client.send("GET /switch HTTP/1.1\r\nHost: app\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n")
        #expect(try client.readHead().status == 101)
        return client
    }

    /// A TCP connection on which nobody says anything, not even late.
    private static func silentConnection(_ proxy: TestProxy) throws -> TestConnection {
        try TestConnection(to: proxy.proxy.listenerAddresses[1])
    }

    private static func origin() throws -> TestOrigin {
        try TestOrigin { connection, _ in
            let head = try connection.readHead()
            switch head.startLine.split(separator: " ")[1] {
            case "/whole": try connection.send(TestOrigin.response("whole"))
            case "/copied" where head.field("host") == "app":
                try connection.send(TestOrigin.response("whole"))
            case "/half": try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            case "/flood":
                try connection.send("HTTP/1.1 200 OK\r\n\r\n")
                while true { try connection.send([UInt8](repeating: 7, count: 65_536)) }
            case "/switch":
                try connection.send(
                    "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n"
                )
                while true { try connection.send(try connection.read(1)) }
            default: break
            }
            _ = connection.readToEnd()
        }
    }

    /// A proxy that is patient in everything but `limit`.
    private static func proxy(
        _ origin: TestOrigin,
        _ limit: any WritableKeyPath<ProxyLimits, Int64> & Sendable,
        _ resources: [Resource] = [],
        milliseconds: Int64 = 50
    ) throws -> TestProxy {
        let opened = try TestProxy.openPort(of: origin)
        let copied: Value = [
            [
                "match": [["uri": ["exact": "/copied"]]], "route": [["destination": ["host": "app"]]],
                "mirror": ["host": "app"],
            ],
            ["route": [["destination": ["host": "app"]]]],
        ]
        return try TestProxy([("v1", origin.port)], http: copied, resources: opened.resources + resources) {
            $0.drainTimeout = hour
            for each in cases { $0.limits[keyPath: each.limit] = hour }
            $0.limits[keyPath: limit] = milliseconds
        }
    }

    @Test(arguments: cases) func `each ends what it bounds`(timeout: Case) throws {
        let origin = try Self.origin()
        let proxy = try Self.proxy(origin, timeout.limit)
        try timeout.run(proxy)
    }

    @Test func `draining ends when its time is up`() throws {
        let origin = try Self.origin()
        let proxy = try TestProxy([("v1", origin.port)]) { $0.drainTimeout = 50 }
        let client = try proxy.connect()
        try client.send("GET /half HTTP/1.1\r\nHost: app\r\n\r\n")
        _ = try client.readHead()
        proxy.stop()
        #expect(client.readToEnd() == "abc")
    }

    @Test func `a DestinationRule says how long a TCP connection may be silent`() throws {
        let origin = try Self.origin()
        let policy: Value = ["connectionPool": ["tcp": ["idleTimeout": "50ms"]]]
        let rule = TestProxy.resource(
            .destinationRule,
            "db",
            ["spec": ["host": "db", "trafficPolicy": policy]]
        )
        let proxy = try Self.proxy(origin, \.departureTimeout, [rule])
        let client = try Self.silentConnection(proxy)
        #expect(client.isEnded())
    }

    @Test func `a client that ended its side of a TCP connection may wait as long as any other`() throws {
        let mayAnswer = Counter()
        let patient = try TestOrigin { connection, _ in
            try connection.send("hello")
            _ = connection.readToEnd()
            while mayAnswer.value == 0 { sched_yield() }
            try connection.send("late")
        }
        let origin = try Self.origin()
        let opened = try TestProxy.openPort(of: patient)
        let proxy = try TestProxy([("v1", origin.port)], resources: opened.resources) {
            $0.limits.stallTimeout = 50
            $0.limits.tunnelTimeout = 50
            $0.limits.departureTimeout = 50
        }
        let client = try TestConnection(to: opened.address)
        #expect(try client.read(5) == Array("hello".utf8))
        client.finishSending()
        // Begins later and is ended by the same times: those are over then.
        try Self.stallOnce(proxy)
        mayAnswer.next()
        #expect(client.readToEnd() == "late")
    }

    private static func stallOnce(_ proxy: TestProxy) throws {
        let client = try proxy.connect()
        try client.send("POST /silent HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nabc")
        #expect(try client.readMessage().status == 408)
    }

    @Test func `a tunnel that is silent from the start outlives the time for an answer`() throws {
        let origin = try Self.origin()
        // On a busy machine the origin may need long to switch.
        let proxy = try Self.proxy(origin, \.responseTimeout, milliseconds: 1000)
        let client = try Self.tunnel(proxy)
        // Begins later and is ended by the same time: that is over then.
        #expect(try proxy.ask("GET /silent HTTP/1.1\r\nHost: app\r\n\r\n").status == 504)
        try client.send("x")
        #expect(try client.read(1) == Array("x".utf8))
        client.finishSending()
        #expect(client.isEnded())
    }

    // MARK: - The manual's table

    /// The rows of the manual's table that name a default which no manifest sets: its first column, and the default.
    private static let rows: [(property: String, manual: String)] = [
        ("headTimeout", "request head"), ("idleTimeout", "resting client"), ("stallTimeout", "stalled body"),
        ("tcpTimeout", "silent TCP connection"),
        ("responseTimeout", "awaited answer"), ("tunnelTimeout", "silent tunnel"),
        ("departureTimeout", "client that ended"), ("halfCloseTimeout", "client that said so"),
        ("lingerTimeout", "closing, silent"), ("lingerLimit", "closing, sending"),
        ("drainTimeout", "draining"), ("copyTimeout", "copy for a mirror"),
    ]

    @Test func `the manual lists each with its default, and each has a test`() throws {
        func times(_ value: Any) -> [String: Int64] {
            let children = Mirror(reflecting: value).children
            let pairs = children.compactMap { child in (child.value as? Int64).map { (child.label ?? "", $0) }
            }
            return Dictionary(uniqueKeysWithValues: pairs)
        }
        let configuration = ProxyConfiguration()
        let defaults = times(configuration).merging(times(configuration.limits)) { first, _ in first }
        #expect(Set(defaults.keys) == Set(Self.rows.map(\.property)))
        #expect(Set(defaults.keys) == Set(Self.cases.map(\.name) + ["drainTimeout"]))
        let page = try Self.manualPage()
        for (property, manual) in Self.rows {
            let value = try #require(defaults[property])
            #expect(page.contains(".It \(manual) Ta \(value / 1000) s Ta"), "\(property)")
        }
        // The heading, and those that manifests set.
        let others = page.split(separator: "\n").filter { $0.hasPrefix(".It ") && $0.contains(" Ta ") }
        #expect(others.count == Self.rows.count + 5)
    }

    private static func manualPage() throws -> String {
        let path = #filePath.dropLast("Tests/CanaryProxyTests/TimeoutTests.swift".count)
        let descriptor = open("\(path)man/canaryctl-proxy.1", O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 262_144)
        let count = read(descriptor, &bytes, bytes.count)
        try #require(count > 0)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
