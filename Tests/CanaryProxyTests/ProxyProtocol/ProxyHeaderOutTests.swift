// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Endpoints that are told whose connection each is.
@Suite(.timeLimit(.minutes(15))) struct ProxyHeaderOutTests {
    private static let request = "GET / HTTP/1.1\r\nHost: app\r\n\r\n"

    static func rule(_ host: String, _ version: String, _ policy: [(String, Value)] = []) -> Resource {
        let settings: [(String, Value)] = [("proxyProtocol", ["version": .text(version)])] + policy
        let spec: [(String, Value)] = [("host", .text(host)), ("trafficPolicy", .object(settings))]
        return TestProxy.resource(.destinationRule, host, .object([("spec", .object(spec))]))
    }

    /// Reads a header of either version; `source destination`, each with its port.
    static func readHeader(_ connection: TestConnection) throws -> String {
        var bytes = try connection.read(1)
        while true {
            switch bytes.withSlice({ ProxyHeader.read($0) }) {
            case .incomplete: bytes += try connection.read(1)
            case .invalid(let objection): return "\(objection)"
            case .complete(_, nil): return "own"
            case .complete(_, let addresses?):
                return "\(addresses.source.text) \(addresses.destination.text)"
            }
        }
    }

    /// Answers with the header that its connection began with, and the number of the connection.
    private static func origin() throws -> TestOrigin {
        try TestOrigin { connection, number in
            let header = try readHeader(connection)
            while true {
                _ = try connection.readMessage()
                try connection.send(TestOrigin.response("\(number) \(header)"))
            }
        }
    }

    private static func own(_ connection: TestConnection) -> String {
        SocketAddress(boundTo: connection.descriptor).text
    }

    @Test(arguments: ["V1", "V2"])
    func `connections belong to a client each, and requests of one share them`(version: String) throws {
        let origin = try Self.origin()
        let proxy = try TestProxy([("v1", origin.port)], resources: [Self.rule("app", version)])
        let clients = try (0..<3).map { _ in try proxy.connect() }
        for _ in 0..<3 {
            for (number, client) in clients.enumerated() {
                try client.send(Self.request)
                let expected = "\(number) \(Self.own(client)) \(proxy.address)"
                #expect(try client.readMessage().body == expected)
            }
        }
        #expect(origin.connections.load(ordering: .relaxed) == 3)
    }

    @Test func `what a client leaves behind is closed, and nobody else's`() throws {
        let box = Counter()
        let origin = try TestOrigin { connection, _ in
            defer { box.next() }
            _ = try Self.readHeader(connection)
            while true {
                _ = try connection.readMessage()
                try connection.send(TestOrigin.response("x"))
            }
        }
        let proxy = try TestProxy([("v1", origin.port)], resources: [Self.rule("app", "V1")])
        for count in 1...5 {
            #expect(try proxy.ask().body == "x")
            while box.value < count { poll(nil, 0, 5) }
        }
        let upstreams = { proxy.proxy.shared.counters[0].upstreamConnections.load(ordering: .relaxed) }
        while upstreams() > 0 { poll(nil, 0, 5) }
        #expect(origin.connections.load(ordering: .relaxed) == 5)
    }

    @Test func `what a load balancer in front says is passed on`() throws {
        let origin = try Self.origin()
        let proxy = try TestProxy([("v1", origin.port)], resources: [Self.rule("app", "V2")]) {
            $0.proxyHeaderListeners = [.mesh]
        }
        for (line, expected) in [
            ("PROXY TCP4 192.0.2.1 192.0.2.9 1000 80\r\n", "0 192.0.2.1:1000 192.0.2.9:80"),
            ("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n", "1 [2001:db8::1]:1 [2001:db8::2]:2"),
        ] {
            let client = try proxy.connect()
            try client.send(line + Self.request)
            #expect(try client.readMessage().body == expected)
        }
    }

    @Test(arguments: ["V1", "V2"])
    func `TCP connections begin with one, whoever speaks first`(version: String) throws {
        let origin = try TestOrigin { connection, _ in
            try connection.send(try Self.readHeader(connection) + "\n")
            while true { try connection.send(try connection.read(1)) }
        }
        let opened = try TestProxy.openPort(to: [("v1", origin.port)], others: [Self.rule("db", version)])
        let proxy = try TestProxy([], resources: opened.resources)
        let client = try TestConnection(to: opened.address)
        #expect(try client.read(until: "\n") == "\(Self.own(client)) \(opened.address)")
        try client.send("hello")
        #expect(try client.read(5) == Array("hello".utf8))
        proxy.stop()
    }

    @Test func `connections of HTTP/2 belong to a client each, whatever it speaks`() throws {
        let origin = try TestOrigin { connection, number in
            let header = try Self.readHeader(connection)
            let peer = try FramePeer(of: connection)
            while true {
                let fields = [(":status", "204"), ("x-seen", "\(number) \(header)")]
                try peer.send(.headers(try peer.nextStream(), fields))
            }
        }
        let pool: Value = ["http": ["h2UpgradePolicy": "UPGRADE"]]
        let rule = Self.rule("app", "V2", [("connectionPool", pool)])
        let proxy = try TestProxy([("v1", origin.port)], resources: [rule])
        let first = try FramePeer(to: proxy.address)
        let address = Self.own(first.connection)
        for stream: UInt32 in [1, 3, 5] { try first.send(.headers(stream, Frame.request())) }
        for stream: UInt32 in [1, 3, 5] {
            let answer = try first.answer(stream)
            #expect(answer.heads.last?.contains("x-seen: 0 \(address) \(proxy.address)") == true)
        }
        let second = try proxy.connect()
        for _ in 0..<2 {
            try second.send(Self.request)
            let seen = try second.readMessage().field("x-seen")
            #expect(seen == "1 \(Self.own(second)) \(proxy.address)")
        }
    }

    @Test func `the limit of connections leaves each client one, as in Envoy`() throws {
        let origin = try Self.origin()
        let pool: Value = ["tcp": ["maxConnections": 1]]
        let rule = Self.rule("app", "V1", [("connectionPool", pool)])
        let proxy = try TestProxy([("v1", origin.port)], resources: [rule])
        let clients = try (0..<3).map { _ in try proxy.connect() }
        for _ in 0..<2 {
            for (number, client) in clients.enumerated() {
                try client.send(Self.request)
                #expect(try client.readMessage().body.hasPrefix("\(number) \(Self.own(client)) "))
            }
        }
    }

    @Test func `a mirror's connections are the proxy's own`() throws {
        let heard = HeardLines()
        let mirror = try TestOrigin { connection, _ in
            heard.add(try Self.readHeader(connection))
            while true {
                _ = try connection.readMessage()
                try connection.send(TestOrigin.response("m"))
            }
        }
        let origin = try Self.origin()
        let route = TestProxy.route("v1", [("mirror", ["host": "app", "subset": "v2"])])
        let proxy = try TestProxy(
            [("v1", origin.port), ("v2", mirror.port)],
            http: route,
            resources: [Self.rule("app", "V2")]
        )
        let client = try proxy.connect()
        try client.send(Self.request)
        #expect(try client.readMessage().body == "0 \(Self.own(client)) \(proxy.address)")
        while heard.lines.isEmpty { poll(nil, 0, 5) }
        #expect(heard.lines == ["own"])
    }

    @Test func `an endpoint that is not there is tried as any other`() throws {
        let port = try TestOrigin.unusedPort()
        let proxy = try TestProxy([("v1", port)], resources: [Self.rule("app", "V1")])
        #expect(try proxy.ask().status == 503)
    }

    private final class HeardLines: Sendable {
        private let state = Mutex<[String]>([])
        var lines: [String] { state.withLock(\.self) }
        func add(_ line: String) { state.withLock { $0.append(line) } }
    }
}
