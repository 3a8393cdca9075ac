// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryProxy

/// What passes between a client of HTTP/2 and an origin of HTTP/1.1.
struct HTTP2ForwardingTests {
    @Test func `a request becomes one of HTTP/1.1, and its answer one of HTTP/2`() throws {
        let origin = try TestOrigin { request in
            TestOrigin.response(
                "\(request.startLine)\n" + request.fields.joined(separator: "\n"),
                fields: ["X-Own:  as it was ", "Connection: x-hop", "X-Hop: 1", "Keep-Alive: 5"]
            )
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        try client.send(
            .headers(
                1,
                Frame.request(
                    [("cookie", "a=1"), ("accept", "*/*"), ("cookie", "b=2"), ("te", "trailers")],
                    path: "/a?b=c"
                )
            )
        )
        let answer = try client.answer(1)
        #expect(answer.status == "200")
        #expect(answer.heads[0].contains("x-own: as it was"))
        #expect(
            !answer.heads[0].contains {
                $0.hasPrefix("connection") || $0.hasPrefix("x-hop") || $0.hasPrefix("keep")
            }
        )
        let lines = answer.text.split(separator: "\n").map(String.init)
        #expect(lines.first == "GET /a?b=c HTTP/1.1")
        for line in ["host: app", "accept: */*", "cookie: a=1; b=2", "x-forwarded-for: 127.0.0.1"] {
            #expect(lines.contains(line), "\(line)")
        }
        #expect(!lines.contains { $0.hasPrefix("te:") || $0.hasPrefix(":") })
    }

    @Test func `streams are answered as they come, on one connection`() throws {
        let origin = try TestOrigin { TestOrigin.response($0.startLine) }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        let streams = (0..<100).map { UInt32($0 * 2 + 1) }
        for stream in streams { try client.send(.headers(stream, Frame.request(path: "/\(stream)"))) }
        for stream in streams.reversed() {
            #expect(try client.answer(stream).text == "GET /\(stream) HTTP/1.1")
        }
        #expect(try client.isAlive())
    }

    @Test(arguments: [0, 1, 16_383, 16_384, 65_535, 65_536, 3 << 20])
    func `bodies pass whole, with and without a known length`(_ size: Int) throws {
        let origin = try TestOrigin { request in TestOrigin.response(request.body) }
        let proxy = try TestProxy([("v1", origin.port)])
        let body = (0..<size).map { UInt8(ascii: "a") + UInt8($0 % 23) }
        for length in [[("content-length", "\(size)")], []] {
            let client = try FramePeer(to: proxy.address)
            try client.send(.headers(1, Frame.request(length, method: "POST"), ends: false))
            try client.upload(body, 1)
            let answer = try client.answer(1)
            #expect(answer.status == "200" && answer.body == body)
        }
    }

    @Test func `trailers pass both ways`() throws {
        let origin = try TestOrigin { connection, _ in
            while true {
                _ = try connection.readHead()
                let body = try connection.read(until: "0\r\n") + (try connection.read(until: "\r\n\r\n"))
                try connection.send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n"
                )
                try connection.send("0\r\nGrpc-Status: 0\r\nSet-Cookie: no\r\nX-Sum: 7\r\n\r\n")
            }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        try client.send(
            .headers(1, Frame.request(method: "POST"), ends: false),
            .data(1, Array("hi".utf8)),
            .headers(1, [("x-sum", "5"), ("cookie", "no"), ("x-other", "6")])
        )
        let answer = try client.answer(1)
        #expect(answer.text == "2\r\nhi\r\nx-sum: 5\r\nx-other: 6")
        #expect(answer.trailers == ["grpc-status: 0", "x-sum: 7"])
    }

    @Test func `a head that is wrong for the proxy is answered, and the connection goes on`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        let long = String(repeating: "a", count: 13_000)
        let cases: [([(String, String)], String)] = [
            (Frame.request([("host", "other")]), "400"),
            (Frame.request().filter { $0.0 != ":authority" }, "400"),
            (Frame.request().filter { $0.0 != ":authority" } + [("host", "app")], "200"),
            ([(":method", "CONNECT"), (":authority", "app")], "405"),
            (Frame.request(path: "/..%2f/\u{7f}"), "400"),
            (Frame.request((0..<101).map { ("x-\($0)", "1") }), "431"),
            (Frame.request([], path: "/#a"), "400"),
        ]
        for (index, (fields, status)) in cases.enumerated() {
            let stream = UInt32(index * 2 + 1)
            try client.send(.headers(stream, fields))
            let answer = try client.answer(stream)
            // nghttp2 itself resets what no server could read.
            #expect(answer.status == status || status == "400" && answer.reset == 1, "\(fields)")
        }
        // More than fits into a frame, and in all more than a head may have.
        let stream: UInt32 = 101
        try client.send(.headers(stream, Frame.request([("x", long)]), endsHead: false))
        for index in 0..<5 {
            let flags = index == 4 ? Frame.endHeaders : 0
            try client.send(
                Frame(.continuation, flags: flags, stream: stream, Frame.block([("x-\(index)", long)]))
            )
        }
        #expect(try client.answer(stream).status == "431")
        #expect(try client.isAlive())
    }

    @Test func `an answer before the request's end tells the client to keep the rest`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send(TestOrigin.response("enough", status: "413 Too Large"))
            _ = connection.readToEnd()
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request(method: "POST"), ends: false), .data(1, [1, 2, 3]))
        _ = try client.answer(1)
        while client.soFar(1).reset == nil { try client.step() }
        #expect(client.soFar(1).text == "enough" && client.soFar(1).reset == 0)
        #expect(try client.isAlive())
    }

    @Test func `an origin that breaks off resets the stream alone`() throws {
        let origin = try TestOrigin { connection, _ in
            let head = try connection.readHead()
            guard head.startLine.contains("/broken") else {
                return try connection.send(TestOrigin.response("whole"))
            }
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request(path: "/broken")), .headers(3, Frame.request()))
        #expect(try client.answer(3).text == "whole")
        while client.soFar(1).reset == nil { try client.step() }
        #expect(client.soFar(1).text == "half" && client.soFar(1).reset == 2)
        #expect(try client.isAlive())
    }

    @Test func `interim answers pass`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            try connection.send(TestOrigin.response("then"))
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request()))
        let answer = try client.answer(1)
        #expect(answer.heads.map(\.first) == [":status: 100", ":status: 103", ":status: 200"])
        #expect(answer.text == "then")
    }

    @Test func `an upgrade to HTTP/2 is ignored, and the request answered in HTTP/1.1`() throws {
        let origin = try TestOrigin { TestOrigin.response($0.fields.joined(separator: "|").lowercased()) }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        for _ in 0..<2 {
            try connection.send("GET / HTTP/1.1\r\nHost: app\r\nConnection: Upgrade, HTTP2-Settings\r\n")
            try connection.send("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n")
            let answer = try connection.readMessage()
            #expect(answer.startLine == "HTTP/1.1 200 OK" && answer.field("upgrade") == nil)
            #expect(!answer.body.contains("upgrade") && !answer.body.contains("http2-settings"))
        }
    }

    @Test func `a WebSocket over a stream is one of HTTP/1.1 to its origin`() throws {
        let origin = try TestOrigin { connection, _ in
            let head = try connection.readHead()
            guard head.startLine == "GET /chat HTTP/1.1", head.field("upgrade") == "websocket",
                head.field("sec-websocket-key")?.count == 24, head.field("sec-websocket-version") == "13"
            else {
                return try connection.send(TestOrigin.response(head.startLine, status: "400 Bad Request"))
            }
            try connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
            )
            try connection.send(try connection.read(5).map { $0 + 1 })
            #expect(connection.isEnded())
            try connection.send("bye")
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        while client.settings[8] == nil { try client.step() }
        #expect(client.settings[8] == 1)
        let fields = [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"),
            (":authority", "app"),
            ("sec-websocket-version", "13"),
        ]
        try client.send(.headers(1, fields, ends: false), .data(1, [1, 2, 3, 4, 5]))
        while client.soFar(1).body.count < 5 { try client.step() }
        #expect(client.soFar(1).status == "200" && client.soFar(1).body == [2, 3, 4, 5, 6])
        try client.send(.data(1, [], ends: true))
        #expect(try client.answer(1).body.suffix(3) == Array("bye".utf8))
        #expect(try client.isAlive())
    }
}

extension FramePeer {
    /// Sends a body and the end of the stream, as the server's windows allow.
    func upload(_ body: [UInt8], _ stream: UInt32) throws {
        var start = 0
        while start < body.count {
            let count = min(16_384, body.count - start)
            try awaitWindow(stream, count)
            try send(.data(stream, Array(body[start..<start + count])))
            start += count
        }
        try send(.data(stream, [], ends: true))
    }
}
