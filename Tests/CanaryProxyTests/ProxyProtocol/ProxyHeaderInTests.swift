// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Clients that are proxies: whose connection each is comes first.
@Suite(.timeLimit(.minutes(15))) struct ProxyHeaderInTests {
    private static let line = "PROXY TCP4 192.0.2.1 192.0.2.9 1000 80\r\n"
    private static let request = "GET / HTTP/1.1\r\nHost: app\r\n\r\n"

    /// Answers with what it is told of clients.
    private static func origin() throws -> TestOrigin {
        try TestOrigin { request in
            TestOrigin.response(request.field("x-forwarded-for") ?? "-")
        }
    }

    private static func proxy(
        _ origin: TestOrigin,
        _ resources: [Resource] = [],
        http: Value? = nil,
        _ configure: (inout ProxyConfiguration) -> Void = { _ in }
    ) throws -> TestProxy {
        try TestProxy([("v1", origin.port)], http: http, resources: resources) {
            $0.proxyHeaderListeners = [.mesh]
            configure(&$0)
        }
    }

    private static func refusals(_ proxy: TestProxy) -> [String] {
        PrometheusText(shared: proxy.proxy.shared).text().split(separator: "\n").compactMap {
            line -> String? in
            guard line.hasPrefix("canaryctl_refused_proxy_headers_total{") else { return nil }
            return line.split(separator: "\"")[1] + String(line.split(separator: "}")[1])
        }
    }

    @Test func `the client is the one that a header names, on whatever is asked`() throws {
        let log = try LoggedRequests()
        let origin = try Self.origin()
        let proxy = try Self.proxy(origin) { log.configure(&$0) }
        let client = try proxy.connect()
        try client.send(Self.line + Self.request)
        #expect(try client.readMessage().body == "192.0.2.1")
        try client.send(Self.request)
        #expect(try client.readMessage().body == "192.0.2.1")
        let other = try proxy.connect()
        try other.send(ProxyHeaderTests.binary(0x21, 0x11, ProxyHeaderTests.four + [4, 0, 1, 0]))
        try other.send(Self.request)
        #expect(try other.readMessage().body == "192.0.2.1")
        for header in [ProxyHeaderTests.binary(0x20, 0, []), Array("PROXY UNKNOWN\r\n".utf8)] {
            let own = try proxy.connect()
            try own.send(header + Array(Self.request.utf8))
            #expect(try own.readMessage().body == "127.0.0.1")
        }
        proxy.stop()
        #expect(log.lines().filter { $0.contains("\"192.0.2.1\"") }.count == 3)
        #expect(Self.refusals(proxy) == [])
    }

    @Test func `a header comes in pieces of one byte, and the request behind it`() throws {
        let origin = try Self.origin()
        let proxy = try Self.proxy(origin)
        for header in [Array(Self.line.utf8), ProxyHeaderTests.binary(0x21, 0x11, ProxyHeaderTests.four)] {
            let client = try proxy.connect()
            for byte in header + Array(Self.request.utf8) { try client.send([byte]) }
            #expect(try client.readMessage().body == "192.0.2.1")
        }
    }

    @Test func `a header may end between any two bytes of what follows`() throws {
        let origin = try Self.origin()
        let proxy = try Self.proxy(origin)
        let bytes = Array((Self.line + Self.request).utf8)
        for cut in 1..<bytes.count {
            let client = try proxy.connect()
            try client.send(Array(bytes[..<cut]))
            // What was sent is taken before the rest comes, or not: both must do.
            if cut % 2 == 0 { poll(nil, 0, 1) }
            try client.send(Array(bytes[cut...]))
            #expect(try client.readMessage().body == "192.0.2.1")
        }
    }

    @Test func `what is no header ends the connection, counted and logged by its reason`() throws {
        let log = try LoggedRequests()
        let origin = try Self.origin()
        let proxy = try Self.proxy(origin) {
            log.configure(&$0)
            $0.limits.headTimeout = 200
        }
        for text in [Self.request, "PROXY TCP9\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 x\r\n"] {
            let client = try proxy.connect()
            try client.send(text + Self.request)
            #expect(client.readToEnd() == "")
        }
        let early = try proxy.connect()
        try early.send("PROXY TC")
        early.finishSending()
        #expect(early.readToEnd() == "")
        let silent = try proxy.connect()
        try silent.send("PROXY TC")
        #expect(silent.readToEnd() == "")
        #expect(
            Self.refusals(proxy) == [
                "no_header 1", "unknown_family 1", "bad_addresses 1", "ended_before 1", "timed_out 1",
            ]
        )
        proxy.stop()
        let reasons = log.lines().map { String($0.split(separator: " ").last ?? "") }
        #expect(
            reasons == [
                "details=no_header", "details=unknown_family", "details=bad_addresses",
                "details=ended_before", "details=timed_out",
            ]
        )
        #expect(log.outcomes() == [String](repeating: "0 DPE", count: 5))
        #expect(origin.connections.load(ordering: .relaxed) == 0)
    }

    @Test func `a listener that expects none takes a header for a request that is none`() throws {
        let origin = try Self.origin()
        let proxy = try TestProxy([("v1", origin.port)])
        #expect(try proxy.ask(Self.line + Self.request).status == 400)
    }

    @Test func `the address decides where a hash chooses, and what a TCP connection was made to`() throws {
        let first = try TestOrigin { connection, _ in try connection.send("1") }
        let second = try TestOrigin { connection, _ in try connection.send("2") }
        let destination: (String) -> Value = { [["destination": ["host": "db", "subset": .text($0)]]] }
        let routes: Value = [
            ["match": [["destinationSubnets": ["198.51.100.0/24"]]], "route": destination("v2")],
            ["route": destination("v1")],
        ]
        let opened = try TestProxy.openPort(to: [("v1", first.port), ("v2", second.port)], tcp: routes)
        let proxy = try TestProxy([], resources: opened.resources) { $0.proxyHeaderListeners = [.nodePort] }
        for (address, answer) in [("198.51.100.7", "2"), ("192.0.2.7", "1")] {
            let client = try TestConnection(to: opened.address)
            try client.send("PROXY TCP4 192.0.2.1 \(address) 1000 5432\r\n")
            #expect(try client.read(1) == Array(answer.utf8))
        }
        // Others of the proxy's listeners expect none.
        #expect(try proxy.ask().status == 503)
    }

    @Test func `useSourceIp goes by the address that the header names`() throws {
        let origins = try (0..<4).map { number in try TestOrigin(named: "\(number)") }
        let hash: Value = ["loadBalancer": ["consistentHash": ["useSourceIp": true]]]
        let rule = TestProxy.resource(
            .destinationRule,
            "app",
            ["spec": ["host": "app", "trafficPolicy": hash]]
        )
        let proxy = try TestProxy(origins.map { ("v1", $0.port) }, resources: [rule]) {
            $0.proxyHeaderListeners = [.mesh]
        }
        func answer(_ client: Int) throws -> String {
            let connection = try proxy.connect()
            try connection.send("PROXY TCP4 192.0.2.\(client) 192.0.2.9 1000 80\r\n" + Self.request)
            return try connection.readMessage().body
        }
        let answers = try (1...40).map(answer)
        #expect(try (1...40).map(answer) == answers)
        #expect(Set(answers).count > 1)
    }
}
