// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// What stands behind bodies, and what ends a stream.
struct HTTP2TrailerTests {
    /// An origin of HTTP/2 that answers each stream as `answer` says, which gets the number of the request, too.
    private static func origin(
        _ answer: @escaping @Sendable (FramePeer, UInt32, Int) throws -> Void
    ) throws -> TestOrigin {
        let requests = Counter()
        return try TestOrigin { connection, _ in
            let peer = try FramePeer(of: connection)
            while true {
                let stream = try peer.nextStream()
                requests.next()
                try answer(peer, stream, requests.value)
            }
        }
    }

    private static func rule() -> Resource {
        let upgrade: Value = ["connectionPool": ["http": ["h2UpgradePolicy": "UPGRADE"]]]
        let subsets: Value = [
            ["name": "v1", "labels": ["version": "v1"]], ["name": "v2", "labels": ["version": "v2"]],
        ]
        return TestProxy.resource(
            .destinationRule,
            "app",
            ["spec": ["host": "app", "trafficPolicy": upgrade, "subsets": subsets]]
        )
    }

    /// Sends a request with trailers on a stream of its own.
    private static func ask(_ proxy: TestProxy, length: Bool = false) throws -> FramePeer.Answer {
        let client = try FramePeer(to: proxy.address)
        let fields = length ? [("content-length", "5")] : []
        try client.send(
            .headers(1, Frame.request(fields, method: "PUT"), ends: false),
            .data(1, Array("hello".utf8)),
            .headers(1, [("x-sum", "7"), ("x-set", "client")])
        )
        return try client.answer(1)
    }

    @Test(arguments: [false, true])
    func `a retry has the trailers of its request`(_ length: Bool) throws {
        let origin = try Self.origin { peer, stream, number in
            let trailers = try peer.answer(stream).trailers
            guard number > 1 else { return try peer.send(.headers(stream, [(":status", "503")])) }
            try peer.send(
                .headers(stream, [(":status", "200")], ends: false),
                .data(stream, Array(trailers.joined(separator: "|").utf8), ends: true)
            )
        }
        let route = TestProxy.route("v1", [("retries", ["attempts": 1, "retryOn": "5xx"])])
        let proxy = try TestProxy([("v1", origin.port)], http: route, resources: [Self.rule()])
        #expect(try Self.ask(proxy, length: length).text == "x-sum: 7|x-set: client")
    }

    @Test func `a mirror gets the trailers of its request`() throws {
        let copied = Counter()
        let mirror = try Self.origin { peer, stream, _ in
            if try peer.answer(stream).trailers == ["x-sum: 7", "x-set: client"] { copied.next() }
            try peer.send(.headers(stream, [(":status", "204")]))
        }
        let origin = try Self.origin { peer, stream, _ in
            _ = try peer.answer(stream)
            try peer.send(.headers(stream, [(":status", "204")]))
        }
        let route: Value = [
            "route": [["destination": ["host": "app", "subset": "v1"]]],
            "mirrors": [["destination": ["host": "app", "subset": "v2"]]],
        ]
        let proxy = try TestProxy(
            [("v1", origin.port), ("v2", mirror.port)],
            http: [route],
            resources: [Self.rule()]
        )
        #expect(try Self.ask(proxy).status == "204")
        for _ in 0..<12_000 where copied.value < 1 { poll(nil, 0, 5) }
        #expect(copied.value == 1)
    }

    @Test func `no trailer undoes what the route does to a header`() throws {
        let origin = try Self.origin { peer, stream, _ in
            let trailers = try peer.answer(stream).trailers
            try peer.send(
                .headers(stream, [(":status", "200")], ends: false),
                .data(stream, Array(trailers.joined(separator: "|").utf8)),
                .headers(stream, [("grpc-status", "0"), ("x-gone", "origin")])
            )
        }
        let headers: Value = ["request": ["set": ["x-set": "route"]], "response": ["remove": ["x-gone"]]]
        let route = TestProxy.route("v1", [("headers", headers)])
        let proxy = try TestProxy([("v1", origin.port)], http: route, resources: [Self.rule()])
        let answer = try Self.ask(proxy)
        #expect(answer.text == "x-sum: 7")
        #expect(answer.trailers == ["grpc-status: 0"])
    }

    @Test func `trailers follow a body of no bytes`() throws {
        let origin = try Self.origin { peer, stream, _ in
            let trailers = try peer.answer(stream).trailers
            try peer.send(
                .headers(stream, [(":status", "200")], ends: false),
                .data(stream, Array(trailers.joined(separator: "|").utf8), ends: true)
            )
        }
        let proxy = try TestProxy([("v1", origin.port)], resources: [Self.rule()])
        let client = try FramePeer(to: proxy.address)
        let head = Frame.request([("content-length", "0")], method: "PUT")
        try client.send(.headers(1, head, ends: false), .headers(1, [("x-sum", "0")]))
        #expect(try client.answer(1).text == "x-sum: 0")
    }

    @Test func `an origin of HTTP/1 gets an empty body whose end comes late`() throws {
        let origin = try TestOrigin { request in TestOrigin.response(request.field("content-length") ?? "") }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        let head = Frame.request([("content-length", "0")], method: "PUT")
        try client.send(.headers(1, head, ends: false), .data(1, [], ends: true))
        let answer = try client.answer(1)
        #expect(answer.status == "200" && answer.text == "0")
    }

    @Test(arguments: [("GET", "200", "0"), ("HEAD", "200", "5"), ("GET", "204", nil)])
    func `an answer without body ends with its stream`(_ method: String, _ status: String, _ length: String?)
        throws
    {
        let origin = try Self.origin { peer, stream, _ in
            let fields = [(":status", status)] + (length.map { [("content-length", $0)] } ?? [])
            try peer.send(.headers(stream, fields, ends: false))
            // The proxy has read the head when it answers this.
            #expect(try peer.isAlive())
            try peer.send(.headers(stream, [("grpc-status", "5")]))
            #expect(try peer.isAlive())
            #expect(peer.soFar(stream).reset == nil)
        }
        let proxy = try TestProxy([("v1", origin.port)], resources: [Self.rule()])
        let client = try FramePeer(to: proxy.address)
        for stream: UInt32 in [1, 3] {
            try client.send(.headers(stream, Frame.request(method: method)))
            let answer = try client.answer(stream)
            #expect(answer.status == status && answer.trailers == ["grpc-status: 5"])
        }
        #expect(origin.connections.load(ordering: .relaxed) == 1)
    }

    @Test func `an origin of HTTP/1 that goes on in HTTP grants no WebSocket`() throws {
        let origin = try TestOrigin { _ in TestOrigin.response("a page") }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        let fields = [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/"),
            (":authority", "app"), ("sec-websocket-version", "13"),
        ]
        try client.send(.headers(1, fields, ends: false))
        #expect(try client.answer(1).status == "502")
    }
}
