// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Origins that speak HTTP/2, to clients of either version.
struct HTTP2OriginTests {
    private static func proxy(_ origin: TestOrigin) throws -> TestProxy {
        try TestProxy([("v1", origin.port)], resources: [rule()])
    }

    private static func rule(_ http: Value = ["h2UpgradePolicy": "UPGRADE"]) -> Resource {
        let policy: Value = ["connectionPool": ["http": http]]
        return TestProxy.resource(
            .destinationRule,
            "app",
            ["spec": ["host": "app", "trafficPolicy": policy]]
        )
    }

    private static func echo(_ peer: FramePeer, _ stream: UInt32) throws {
        let request = try peer.answer(stream)
        let text = (request.heads[0] + ["", request.text] + request.trailers).joined(separator: "\n")
        try peer.send(
            .headers(stream, [(":status", "200"), ("x-own", "1")], ends: false),
            .data(stream, Array(text.utf8))
        )
        try peer.send(.headers(stream, [("grpc-status", "0"), ("x-sum", "7")]))
    }

    @Test(arguments: [(200, []), (404, []), (200, [("content-length", "0")]), (204, []), (304, [])])
    func `an answer that ends with its head has an end for a client of HTTP/1`(
        _ status: Int,
        _ fields: [(String, String)]
    ) throws {
        let origin = try TestOrigin(streams: { peer, stream in
            _ = try peer.answer(stream)
            try peer.send(.headers(stream, [(":status", "\(status)")] + fields))
        })
        let proxy = try Self.proxy(origin)
        let connection = try proxy.connect()
        for method in ["GET", "HEAD", "POST"] {
            try connection.send("\(method) / HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n")
            let answer = try connection.readMessage(isHead: method == "HEAD")
            #expect(answer.status == status && answer.body.isEmpty, "\(method)")
            #expect(answer.field("connection") == nil)
        }
        #expect(origin.connections.load(ordering: .relaxed) == 1)
        // And none too many for others.
        #expect(try proxy.ask("GET / HTTP/1.0\r\nHost: app\r\n\r\n").body.isEmpty)
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request()))
        let answer = try client.answer(1)
        #expect(answer.status == "\(status)" && answer.body.isEmpty && answer.trailers.isEmpty)
    }

    @Test func `a request of HTTP/1.1 becomes one of HTTP/2`() throws {
        let origin = try TestOrigin(streams: Self.echo)
        let proxy = try Self.proxy(origin)
        let connection = try proxy.connect()
        for number in 0..<3 {
            try connection.send(
                "POST /a?b=\(number) HTTP/1.1\r\nHost: app\r\nX-Own: a\r\nConnection: x-hop\r\nX-Hop: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "5\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n"
            )
            let head = try connection.readHead()
            #expect(
                head.status == 200 && head.field("transfer-encoding") == "chunked"
                    && head.field("x-own") == "1"
            )
            let size = Int(try connection.read(until: "\r\n"), radix: 16) ?? 0
            let lines = String(decoding: try connection.read(size), as: UTF8.self).split(
                separator: "\n",
                omittingEmptySubsequences: false
            )
            #expect(
                lines.prefix(4) == [
                    ":method: POST", ":scheme: http", ":path: /a?b=\(number)", ":authority: app",
                ]
            )
            #expect(lines.contains("x-own: a") && lines.suffix(2) == ["hello world", "x-trailer: t"])
            #expect(
                !lines.contains {
                    $0.hasPrefix("x-hop") || $0.hasPrefix("connection") || $0.hasPrefix("te:")
                        || $0.hasPrefix("host")
                }
            )
            #expect(try connection.read(until: "\r\n\r\n") == "\r\n0\r\ngrpc-status: 0\r\nx-sum: 7")
        }
        #expect(origin.connections.load(ordering: .relaxed) == 1)
    }

    @Test func `gRPC passes with its trailers`() throws {
        let origin = try TestOrigin(streams: Self.echo)
        let proxy = try Self.proxy(origin)
        let client = try FramePeer(to: proxy.address)
        let fields = Frame.request(
            [("content-type", "application/grpc"), ("te", "trailers")],
            method: "POST",
            path: "/app/Get"
        )
        try client.send(.headers(1, fields, ends: false), .data(1, [0, 0, 0, 0, 1, 65], ends: true))
        let answer = try client.answer(1)
        #expect(answer.text.contains("\nte: trailers\n") && answer.text.hasSuffix("\u{1}A"))
        #expect(answer.trailers == ["grpc-status: 0", "x-sum: 7"])
    }

    @Test(arguments: [0, 1, 16_384, 65_536, 3 << 20])
    func `bodies pass whole both ways`(_ size: Int) throws {
        let body = (0..<size).map { UInt8(ascii: "a") + UInt8($0 % 23) }
        let origin = try TestOrigin { peer, stream in
            let request = try peer.answer(stream)
            try peer.send(.headers(stream, [(":status", "200")], ends: false))
            try peer.upload(request.body, stream)
        }
        let proxy = try Self.proxy(origin)
        let connection = try proxy.connect()
        try connection.send(
            Array("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: \(size)\r\n\r\n".utf8) + body
        )
        #expect(Array(try connection.readMessage().body.utf8) == body)
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request(method: "POST"), ends: false))
        try client.upload(body, 1)
        #expect(try client.answer(1).body == body)
    }

    @Test func `requests share a connection, as far as its endpoint lets them`() throws {
        let gate = Counter()
        let origin = try TestOrigin { connection, _ in
            let peer = try FramePeer(of: connection, settings: [(3, 4)])
            var streams: [UInt32] = []
            while true {
                streams.append(try peer.nextStream())
                // All of a connection are under way at once.
                guard streams.count == 4 else { continue }
                gate.next()
                for _ in 0..<12_000 where gate.value < 2 { poll(nil, 0, 5) }
                for stream in streams { try peer.send(.headers(stream, [(":status", "204")])) }
                streams = []
            }
        }
        let proxy = try Self.proxy(origin)
        // The first connection tells how many it takes.
        let first = try (0..<4).map { _ in try proxy.connect() }
        for connection in first { try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n") }
        for _ in 0..<12_000 where gate.value < 1 { poll(nil, 0, 5) }
        let second = try (0..<4).map { _ in try proxy.connect() }
        for connection in second { try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n") }
        for connection in first + second { #expect(try connection.readMessage().status == 204) }
        #expect(origin.connections.load(ordering: .relaxed) == 2)
    }

    @Test func `a stream that was refused, or came too late, is sent again`() throws {
        for way in 0..<2 {
            let origin = try TestOrigin { connection, number in
                let peer = try FramePeer(of: connection)
                let stream = try peer.nextStream()
                guard number == 0 else { return try peer.send(.headers(stream, [(":status", "204")])) }
                if way == 0 {
                    // The same connection may be asked again.
                    try peer.send(.reset(stream, code: 7))
                    return try peer.send(.headers(try peer.nextStream(), [(":status", "204")]))
                }
                try peer.send(Frame(.goAway, Frame.number(0) + Frame.number(0)))
                _ = peer.end()
            }
            let proxy = try Self.proxy(origin)
            #expect(try proxy.ask().status == 204, "\(way)")
        }
    }

    @Test func `an origin that goes breaks what was begun, and nothing else`() throws {
        let origin = try TestOrigin { connection, number in
            let peer = try FramePeer(of: connection)
            let stream = try peer.nextStream()
            guard number == 0 else { return try peer.send(.headers(stream, [(":status", "204")])) }
            try peer.send(
                .headers(stream, [(":status", "200"), ("content-length", "10")], ends: false),
                .data(stream, [65, 66])
            )
            _ = try peer.nextStream()
        }
        let proxy = try Self.proxy(origin)
        let half = try proxy.connect()
        try half.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        _ = try half.readHead()
        // The next on the same connection had no answer yet, and is sent again.
        #expect(try proxy.ask().status == 204)
        #expect(half.readToEnd() == "AB")
    }

    @Test func `a reset before an answer is a failure like any other`() throws {
        let origin = try TestOrigin { peer, stream in try peer.send(.reset(stream, code: 2)) }
        let proxy = try Self.proxy(origin)
        #expect(try proxy.ask("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\n\r\nx").status == 503)
        let nobody = try TestProxy(
            [("v1", try TestOrigin.unusedPort())],
            resources: [Self.rule()]
        )
        #expect(try nobody.ask().status == 503)
    }

    @Test func `an origin that speaks HTTP/1 alone is answered for`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.read(24)
            try connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            _ = connection.readToEnd()
        }
        let proxy = try Self.proxy(origin)
        #expect(try proxy.ask("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\n\r\nx").status == 503)
    }

    @Test func `what a slow client does not take stays at the origin`() throws {
        let size = 8 << 20
        let sent = Counter()
        let origin = try TestOrigin { peer, stream in
            try peer.send(.headers(stream, [(":status", "200"), ("content-length", "\(size)")], ends: false))
            for index in 0..<size >> 14 {
                try peer.awaitWindow(stream, 16_384)
                try peer.send(
                    .data(stream, .init(repeating: 97, count: 16_384), ends: index == size >> 14 - 1)
                )
                sent.next()
            }
        }
        let proxy = try Self.proxy(origin)
        let client = try FramePeer(to: proxy.address, settings: [(4, 0)])
        client.opensWindows = false
        try client.send(.headers(1, Frame.request()))
        while client.soFar(1).heads.isEmpty { try client.step() }
        #expect(try client.isAlive())
        #expect(sent.value <= 5 + 4)
        client.opensWindows = true
        try client.send(.windowUpdate(1, UInt32(size)))
        #expect(try client.answer(1).body.count == size)
    }

    @Test func `an upload waits for the origin's windows`() throws {
        let size = 2 << 20
        let gate = Counter()
        let origin = try TestOrigin(settings: [(4, 1000)]) { peer, stream in
            guard peer.soFar(stream).heads[0].contains(":method: POST") else {
                return try peer.send(.headers(stream, [(":status", "204")]))
            }
            peer.opensWindows = false
            while peer.soFar(stream).body.count < 1000 { try peer.step() }
            #expect(try peer.isAlive())
            #expect(peer.soFar(stream).body.count == 1000)
            gate.next()
            peer.opensWindows = true
            try peer.send(.windowUpdate(0, UInt32(size)), .windowUpdate(stream, UInt32(size)))
            let count = try peer.answer(stream).body.count
            try peer.send(
                .headers(stream, [(":status", "200")], ends: false),
                .data(stream, Array("\(count)".utf8), ends: true)
            )
        }
        let proxy = try Self.proxy(origin)
        // From here on the proxy knows the origin's windows.
        #expect(try proxy.ask().status == 204)
        let connection = try proxy.connect()
        try connection.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: \(size)\r\n\r\n")
        for _ in 0..<size >> 14 { try connection.send(.init(repeating: 97, count: 16_384)) }
        #expect(try connection.readMessage().body == "\(size)")
        #expect(gate.value == 1)
    }

    @Test func `a client that leaves ends its stream, and the connection goes on`() throws {
        let begun = Counter()
        let resets = Counter()
        let origin = try TestOrigin { peer, stream in
            begun.next()
            guard peer.soFar(stream).heads[0].contains(":path: /left") else {
                return try peer.send(.headers(stream, [(":status", "204")]))
            }
            while peer.soFar(stream).reset == nil { try peer.step() }
            #expect(peer.soFar(stream).reset == 8)
            resets.next()
        }
        let proxy = try Self.proxy(origin)
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request(path: "/left")))
        for _ in 0..<12_000 where begun.value < 1 { poll(nil, 0, 5) }
        try client.send(.reset(1), .headers(3, Frame.request()))
        #expect(try client.answer(3).status == "204")
        #expect(resets.value == 1)
        #expect(origin.connections.load(ordering: .relaxed) == 1)
    }

    @Test func `the first request on a connection needs no second try`() throws {
        let origin = try TestOrigin { peer, stream in try peer.send(.headers(stream, [(":status", "204")])) }
        let route = TestProxy.route("v1", [("retries", ["attempts": 0])])
        let spec: Value = [
            "host": "app", "subsets": [["name": "v1", "labels": ["version": "v1"]]],
            "trafficPolicy": [
                "connectionPool": ["http": ["h2UpgradePolicy": "UPGRADE"], "tcp": ["maxConnections": 1]]
            ],
        ]
        let rule = TestProxy.resource(.destinationRule, "app", ["spec": spec])
        let proxy = try TestProxy([("v1", origin.port)], http: route, resources: [rule])
        for _ in 0..<3 { #expect(try proxy.ask().status == 204) }
        #expect(origin.connections.load(ordering: .relaxed) == 1)
    }

    @Test func `a connection that has rested ends no stream that begins later`() throws {
        let origin = try TestOrigin { peer, stream in
            // Longer than the connection may rest.
            if peer.soFar(stream).heads[0].contains(":path: /slow") { poll(nil, 0, 300) }
            try peer.send(.headers(stream, [(":status", "204")]))
        }
        let rule = Self.rule(["h2UpgradePolicy": "UPGRADE", "idleTimeout": "150ms"])
        let proxy = try TestProxy([("v1", origin.port)], resources: [rule])
        #expect(try proxy.ask().status == 204)
        #expect(try proxy.ask("POST /slow HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n").status == 204)
    }

    @Test func `a mirror gets the body in its own form`() throws {
        let bodies = Counter()
        let mirror = try TestOrigin { request in
            if request.body == "hello", request.field("transfer-encoding") == "chunked" { bodies.next() }
            return TestOrigin.response("")
        }
        let origin = try TestOrigin(streams: Self.echo)
        let spec: Value = [
            "host": "app",
            "subsets": [
                [
                    "name": "v1", "labels": ["version": "v1"],
                    "trafficPolicy": ["connectionPool": ["http": ["h2UpgradePolicy": "UPGRADE"]]],
                ],
                ["name": "v2", "labels": ["version": "v2"]],
            ],
        ]
        let proxy = try TestProxy(
            [("v1", origin.port), ("v2", mirror.port)],
            http: [
                [
                    "route": [["destination": ["host": "app", "subset": "v1"]]],
                    "mirrors": [["destination": ["host": "app", "subset": "v2"]]],
                ]
            ],
            resources: [TestProxy.resource(.destinationRule, "app", ["spec": spec])]
        )
        let client = try FramePeer(to: proxy.address)
        try client.send(
            .headers(1, Frame.request(method: "POST"), ends: false),
            .data(1, Array("hello".utf8), ends: true)
        )
        #expect(try client.answer(1).text.hasSuffix("hello"))
        for _ in 0..<12_000 where bodies.value < 1 { poll(nil, 0, 5) }
        #expect(bodies.value == 1)
    }

    @Test func `a connection without streams is closed in its time`() throws {
        let ended = Counter()
        let origin = try TestOrigin { connection, _ in
            let peer = try FramePeer(of: connection)
            try peer.send(.headers(try peer.nextStream(), [(":status", "204")]))
            _ = peer.end()
            ended.next()
        }
        let proxy = try TestProxy(
            [("v1", origin.port)],
            resources: [Self.rule(["h2UpgradePolicy": "UPGRADE", "idleTimeout": "100ms"])]
        )
        #expect(try proxy.ask().status == 204)
        for _ in 0..<12_000 where ended.value < 1 { poll(nil, 0, 5) }
        #expect(ended.value == 1)
    }

    @Test func `an endpoint is spoken to as the client speaks, where that is asked for`() throws {
        let origin = try TestOrigin { connection, _ in
            if try connection.read(3) == Array("PRI".utf8) {
                _ = try connection.read(21)
                let peer = try FramePeer(greeted: connection)
                try peer.send(.headers(try peer.nextStream(), [(":status", "202")]))
                _ = peer.end()
            } else {
                _ = try connection.readHead()
                try connection.send(TestOrigin.response(""))
            }
        }
        let proxy = try TestProxy(
            [("v1", origin.port)],
            resources: [Self.rule(["useClientProtocol": true])]
        )
        #expect(try proxy.ask().status == 200)
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request()))
        #expect(try client.answer(1).status == "202")
    }
}
