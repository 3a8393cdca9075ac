// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc
import Testing

@testable import CanaryProxy

/// gRPC: what its statuses count for, and what passes.
@Suite(.timeLimit(.minutes(15))) struct GRPCTests {
    private static func rule(_ blocks: [(String, Value)] = []) -> Resource {
        let policy = [("connectionPool", ["http": ["h2UpgradePolicy": "UPGRADE"]] as Value)] + blocks
        let spec: [(String, Value)] = [
            ("host", "app"), ("trafficPolicy", .object(policy)),
            ("subsets", [["name": "v1", "labels": ["version": "v1"]]]),
        ]
        return TestProxy.resource(.destinationRule, "app", ["spec": .object(spec)])
    }

    private static func call(_ path: String, _ fields: [(String, String)] = []) -> [(String, String)] {
        let own = [("content-type", "application/grpc"), ("te", "trailers")]
        return Frame.request(own + fields, method: "POST", path: path)
    }

    /// A message of so many bytes, as it stands in a body.
    private static func message(_ bytes: [UInt8]) -> [UInt8] {
        [0] + Frame.number(UInt32(bytes.count)) + bytes
    }

    /// Makes a call of one message.
    private static func ask(_ proxy: TestProxy, _ path: String) throws -> FramePeer.Answer {
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, call(path), ends: false), .data(1, message([65]), ends: true))
        return try client.answer(1)
    }

    /// An origin that ends calls as their paths say.
    private static func origin() throws -> TestOrigin {
        try TestOrigin { peer, stream in
            let path = try peer.answer(stream).heads[0].first { $0.hasPrefix(":path: ") }?.dropFirst(7)
            let head = [(":status", "200"), ("content-type", "application/grpc")]
            switch path {
            case "/alone": try peer.send(.headers(stream, head + [("grpc-status", "14")]))
            case "/silent": try peer.send(.headers(stream, head))
            case "/wrong": try peer.send(.headers(stream, head + [("grpc-status", "no")]))
            case "/plain": try peer.send(.headers(stream, [(":status", "503")]))
            case "/broken":
                try peer.send(
                    .headers(stream, head, ends: false),
                    .data(stream, message([1])),
                    .reset(stream)
                )
            default:
                let status = path?.dropFirst().description ?? ""
                try peer.send(.headers(stream, head, ends: false), .data(stream, message([1])))
                try peer.send(.headers(stream, [("grpc-status", status)]))
            }
        }
    }

    // MARK: - What is counted

    @Test(
        arguments: [
            ("/0", "200 - 0", false), ("/5", "200 - 5", false), ("/14", "200 - 14", true),
            ("/13", "200 - 13", true), ("/4", "200 - 4", true), ("/2", "200 - 2", true),
            ("/12", "200 - 12", true), ("/15", "200 - 15", true), ("/8", "200 - 8", false),
            ("/alone", "200 - 14", true), ("/silent", "200 - 2", true), ("/wrong", "200 - 2", true),
            ("/99", "200 - 2", true), ("/plain", "503 - 14", true), ("/broken", "200 UC 14", true),
        ]
    )
    func `what a call came to counts, wherever it stands`(_ path: String, _ expected: String, _ fails: Bool)
        throws
    {
        let log = try LoggedRequests()
        let origin = try Self.origin()
        let route = TestProxy.route("v1", [("retries", ["attempts": 0])])
        let proxy = try TestProxy([("v1", origin.port)], http: route, resources: [Self.rule()]) {
            log.configure(&$0)
        }
        _ = try Self.ask(proxy, path)
        let evidence = proxy.allEvidence()
        let answers = evidence.answers.keys.map { "\($0.status) \($0.flag) \($0.grpcStatus ?? -1)" }
        #expect(answers == [expected])
        #expect(evidence.completed.errors == (fails ? 1 : 0))
        let number = expected.split(separator: " ")[2]
        #expect(log.lines().allSatisfy { $0.hasSuffix(" grpc_status=\(number)") })
        let metrics = PrometheusText(shared: proxy.proxy.shared).text()
        let series = metrics.split(separator: "\n").filter { $0.hasPrefix("istio_requests_total{") }
        #expect(
            series.count == 1 && series[0].contains(#"request_protocol="grpc""#)
                && series[0].contains(#"grpc_response_status="\#(number)""#)
        )
    }

    @Test func `trailers of HTTP/1.1 count, too`() throws {
        let origin = try TestOrigin { connection, _ in
            while true {
                _ = try connection.readMessage()
                try connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\n")
                try connection.send(
                    "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nGrpc-Status: 14\r\n\r\n"
                )
            }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let call =
            "POST / HTTP/1.1\r\nHost: app\r\nContent-Type: application/grpc+proto\r\nContent-Length: 0\r\n\r\n"
        #expect(try proxy.ask(call).body == "x")
        #expect(try Self.ask(proxy, "/").trailers == ["grpc-status: 14"])
        let evidence = proxy.allEvidence()
        #expect(evidence.answers == [.init(status: 200, grpcStatus: 14): 2])
    }

    @Test func `a client that leaves has cancelled its call, which is nobody's fault`() throws {
        let begun = Counter()
        let origin = try TestOrigin { peer, stream in
            begun.next()
            _ = peer.end()
        }
        let proxy = try TestProxy([("v1", origin.port)], resources: [Self.rule()])
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Self.call("/"), ends: false))
        while begun.value == 0 { poll(nil, 0, 5) }
        try client.send(.reset(1))
        #expect(try client.isAlive())
        let evidence = proxy.allEvidence()
        #expect(evidence.abandoned.answers.keys.map(\.grpcStatus) == [1] && evidence.abandoned.errors == 0)
    }

    @Test func `the first try of a call that was tried again keeps its status`() throws {
        let calls = Counter()
        let origin = try TestOrigin { peer, stream in
            let status = calls.next() == 0 ? "14" : "0"
            _ = try peer.answer(stream)
            try peer.send(.headers(stream, [(":status", "200"), ("grpc-status", status)]))
        }
        let route = TestProxy.route("v1", [("retries", ["attempts": 1, "retryOn": "unavailable"])])
        let proxy = try TestProxy([("v1", origin.port)], http: route, resources: [Self.rule()])
        #expect(try Self.ask(proxy, "/").heads[0].contains("grpc-status: 0"))
        let evidence = proxy.allEvidence()
        #expect(evidence.completed.errors == 0 && evidence.firstAttempts.errors == 1)
    }

    @Test func `an endpoint whose heads say that it is unavailable is ejected`() throws {
        let heard = Counter()
        let bad = try TestOrigin { peer, stream in
            heard.next()
            try peer.send(.headers(stream, [(":status", "200"), ("grpc-status", "14")]))
        }
        let good = try TestOrigin { peer, stream in
            try peer.send(.headers(stream, [(":status", "200"), ("grpc-status", "0")]))
        }
        let rule = Self.rule([
            ("outlierDetection", ["consecutive5xxErrors": 2, "maxEjectionPercent": 100]),
            ("loadBalancer", ["simple": "ROUND_ROBIN"]),
        ])
        let proxy = try TestProxy(
            [],
            resources: [RoutedScene.endpoint(bad.port), RoutedScene.endpoint(good.port), rule]
        ) { $0.workers = 1 }
        for _ in 0..<20 { _ = try Self.ask(proxy, "/") }
        #expect(heard.value == 2)
    }

    // MARK: - The proxy's own answers

    @Test func `the proxy tells gRPC clients in gRPC`() throws {
        let silent = try TestOrigin { peer, _ in _ = peer.end() }
        let body = "50 % is not \u{e4} lot\n"
        let proxy = try TestProxy(
            [("v1", silent.port)],
            http: [
                [
                    "match": [["uri": ["exact": "/late"]]], "timeout": "50ms",
                    "route": [["destination": ["host": "app", "subset": "v1"]]],
                ],
                [
                    "match": [["uri": ["exact": "/own"]]],
                    "directResponse": ["status": 403, "body": ["string": .text(body)]],
                ],
                [
                    "match": [["uri": ["exact": "/none"]]],
                    "route": [["destination": ["host": "app", "subset": "v9"]]],
                ],
            ],
            resources: [Self.rule()]
        )
        let cases = [
            ("/late", "14", "upstream request timeout"), ("/own", "7", "50 %25 is not %C3%A4 lot%0A"),
            ("/none", "14", nil), ("/nowhere", "12", nil),
        ]
        for (path, status, text) in cases {
            let answer = try Self.ask(proxy, path)
            #expect(answer.status == "200" && answer.body.isEmpty && answer.trailers.isEmpty, "\(path)")
            let head = answer.heads[0]
            #expect(head.contains("grpc-status: \(status)"), "\(path)")
            #expect(head.contains("content-type: application/grpc"), "\(path)")
            #expect(text.map { head.contains("grpc-message: \($0)") } ?? true, "\(head)")
        }
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request(method: "POST", path: "/nowhere")))
        #expect(try client.answer(1).status == "404")
    }

    // MARK: - What passes

    @Test func `messages go to and fro while a call goes on`() throws {
        let origin = try TestOrigin { peer, stream in
            try peer.send(
                .headers(stream, [(":status", "200"), ("content-type", "application/grpc")], ends: false)
            )
            for count in 1...100 {
                while peer.soFar(stream).body.count < count * 6 { try peer.step() }
                try peer.send(.data(stream, Array(peer.soFar(stream).body.suffix(6))))
            }
            _ = try peer.answer(stream)
            try peer.send(.headers(stream, [("grpc-status", "0")]))
        }
        let proxy = try TestProxy([("v1", origin.port)], resources: [Self.rule()])
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Self.call("/chat"), ends: false))
        for count in 1...100 {
            try client.send(.data(1, Self.message([UInt8(count)])))
            while client.soFar(1).body.count < count * 6 { try client.step() }
        }
        try client.send(.data(1, [], ends: true))
        let answer = try client.answer(1)
        #expect(answer.body == (1...100).flatMap { Self.message([UInt8($0)]) })
        #expect(answer.trailers == ["grpc-status: 0"])
    }

    @Test func `each direction of a call waits for itself alone`() throws {
        let size = 4 << 20
        let piece = 16_384
        let origin = try TestOrigin { peer, stream in
            try peer.send(.headers(stream, [(":status", "200")], ends: false))
            // It reads all of the request while nobody takes its answer.
            while peer.soFar(stream).body.count < size { try peer.step() }
            for _ in 0..<size / piece {
                try peer.awaitWindow(stream, piece)
                try peer.send(.data(stream, .init(repeating: 97, count: piece)))
            }
            try peer.send(.headers(stream, [("grpc-status", "0")]))
        }
        let proxy = try TestProxy([("v1", origin.port)], resources: [Self.rule()])
        let client = try FramePeer(to: proxy.address, settings: [(4, 1)])
        client.opensWindows = false
        try client.send(.headers(1, Self.call("/both"), ends: false))
        for _ in 0..<size / piece {
            try client.awaitWindow(1, piece)
            try client.send(.data(1, .init(repeating: 97, count: piece)))
        }
        while client.soFar(1).body.isEmpty { try client.step() }
        #expect(client.soFar(1).body.count == 1)
        client.opensWindows = true
        try client.send(.windowUpdate(0, UInt32(size)), .windowUpdate(1, UInt32(size)))
        let answer = try client.answer(1)
        #expect(answer.body.count == size && answer.trailers == ["grpc-status: 0"])
    }

    @Test func `gRPC-Web and health checks pass as they are`() throws {
        let body: [UInt8] = [0, 0, 0, 0, 2, 8, 1, 128, 0, 0, 0, 15] + Array("grpc-status:14\n".utf8)
        let origin = try TestOrigin { peer, stream in
            let request = try peer.answer(stream)
            let type = request.heads[0].first { $0.hasPrefix("content-type: ") }?.dropFirst(14) ?? ""
            let head = [
                (":status", "200"), ("content-type", String(type)), ("x-length", "\(request.body.count)"),
            ]
            try peer.send(.headers(stream, head, ends: false), .data(stream, body, ends: true))
        }
        let proxy = try TestProxy([("v1", origin.port)], resources: [Self.rule()])
        let types = ["application/grpc-web", "application/grpc-web-text", "application/grpc-web+proto"]
        for type in types {
            let connection = try proxy.connect()
            try connection.send(
                "POST /grpc.health.v1.Health/Check HTTP/1.1\r\nHost: app\r\nContent-Type: \(type)\r\nContent-Length: 5\r\n\r\nhello"
            )
            let answer = try connection.readMessage()
            #expect(answer.field("content-type") == type && answer.field("x-length") == "5")
            #expect(Array(answer.body.utf8) == Array(String(decoding: body, as: UTF8.self).utf8))
        }
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Self.call("/grpc.health.v1.Health/Check"), ends: false))
        try client.send(.data(1, Self.message([]), ends: true))
        #expect(try client.answer(1).body == body)
        // gRPC-Web's status is in its body, which the proxy does not read: it is counted as HTTP.
        let evidence = proxy.allEvidence()
        #expect(evidence.answers == [.init(status: 200): 3, .init(status: 200, grpcStatus: 2): 1])
    }
}

extension TestProxy {
    /// All that was counted; the proxy ends, so that nothing is under way.
    fileprivate func allEvidence() -> RouteEvidence {
        stop()
        return proxy.evidence().items.reduce(into: RouteEvidence()) { $0.add($1.evidence) }
    }
}
