// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Synchronization
import Testing

@testable import CanaryProxy

/// What passes through unharmed, and what the proxy adds and takes away.
struct ForwardingTests {
    @Test func `a request and its answer pass`() throws {
        let origin = try TestOrigin { request in
            TestOrigin.response("\(request.startLine)\n" + request.fields.joined(separator: "\n"))
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let answer = try proxy.ask(
            "GET /a?b=c HTTP/1.1\r\nHost: app\r\nX-Own: 1\r\nConnection: x-own, keep-alive\r\nAccept: */*\r\n\r\n"
        )
        #expect(answer.status == 200)
        let lines = answer.body.split(separator: "\n").map(String.init)
        #expect(lines.first == "GET /a?b=c HTTP/1.1")
        #expect(lines.contains("host: app"))
        #expect(lines.contains("Accept: */*"))
        #expect(lines.contains("x-forwarded-for: 127.0.0.1"))
        #expect(lines.contains("x-forwarded-proto: http"))
        #expect(lines.contains { $0.hasPrefix("x-request-id: ") && $0.count == 50 })
        #expect(
            !lines.contains { $0.lowercased().hasPrefix("x-own") || $0.lowercased().hasPrefix("connection") }
        )
    }

    @Test func `no route is matched by what only Envoy's own clients say`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy(
            [("v1", origin.port)],
            http: [
                [
                    "match": [["headers": ["x-envoy-retry-on": ["exact": "5xx"]]]],
                    "directResponse": ["status": 418],
                ],
                ["match": [["headers": ["x-own": ["exact": "1"]]]], "directResponse": ["status": 202]],
                ["route": [["destination": ["host": "app"]]]],
            ]
        )
        let request = "GET / HTTP/1.1\r\nHost: app\r\nX-Envoy-Retry-On: 5xx\r\n"
        #expect(try proxy.ask(request + "\r\n").status == 200)
        // Those behind it are known all the same.
        #expect(try proxy.ask(request + "X-Own: 1\r\n\r\n").status == 202)
    }

    @Test func `connections are kept on both sides`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        for _ in 0..<20 {
            try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try connection.readMessage().body == "v1")
        }
        #expect(origin.connections.load(ordering: .relaxed) == 1)
    }

    @Test func `pipelined requests are answered in order`() throws {
        let origin = try TestOrigin { TestOrigin.response($0.startLine) }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        let requests = (0..<10).map { "GET /\($0) HTTP/1.1\r\nHost: \($0 == 5 ? "none" : "app")\r\n\r\n" }
        try connection.send(requests.joined())
        for index in 0..<10 {
            let answer = try connection.readMessage()
            #expect(answer.status == (index == 5 ? 404 : 200))
            if index != 5 { #expect(answer.body == "GET /\(index) HTTP/1.1") }
        }
    }

    @Test func `a request fed byte by byte arrives whole`() throws {
        let origin = try TestOrigin { TestOrigin.response($0.body) }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        let request =
            "POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nX-Sum: 1\r\n\r\n"
        for byte in request.utf8 { try connection.send([byte]) }
        #expect(try connection.readMessage().body == "hello world")
        try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(try connection.readMessage().status == 200)
    }

    @Test func `a large upload and download stream through`() throws {
        let size = 4 << 20
        let origin = try TestOrigin { connection, _ in
            let head = try connection.readHead()
            let length = Int(head.field("content-length") ?? "") ?? 0
            var received = 0
            var sum: UInt64 = 0
            while received < length {
                let bytes = try connection.read(min(65_536, length - received))
                received += bytes.count
                sum = sum &* 31 &+ UInt64(bytes[0]) &+ UInt64(bytes[bytes.count / 2])
            }
            try connection.send("HTTP/1.1 200 OK\r\nX-Sum: \(sum)\r\nContent-Length: \(length)\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 65_536)
            for _ in 0..<(length / piece.count) { try connection.send(piece) }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        try connection.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: \(size)\r\n\r\n")
        let piece = (0..<65_536).map { UInt8(truncatingIfNeeded: $0) }
        var sum: UInt64 = 0
        for _ in 0..<(size / piece.count) {
            try connection.send(piece)
            sum = sum &* 31 &+ UInt64(piece[0]) &+ UInt64(piece[piece.count / 2])
        }
        let head = try connection.readHead()
        #expect(head.field("x-sum") == "\(sum)")
        var received = 0
        while received < size {
            let bytes = try connection.read(65_536)
            received += bytes.count
            #expect(bytes.first == 7)
        }
    }

    @Test func `an answer that ends with the connection becomes chunks, or a close for an old client`() throws
    {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readMessage()
            try connection.send("HTTP/1.1 200 OK\r\n\r\nuntil ")
            try connection.send("the end")
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let answer = try proxy.ask()
        #expect(answer.field("transfer-encoding") == "chunked")
        #expect(answer.body == "until the end")
        let old = try proxy.ask("GET / HTTP/1.0\r\nHost: app\r\n\r\n")
        #expect(old.field("transfer-encoding") == nil)
        #expect(old.field("connection") == "close")
        #expect(old.body == "until the end")
    }

    @Test func `chunks are undone for an old client`() throws {
        let origin = try TestOrigin { _ in
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n"
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let old = try proxy.ask("GET / HTTP/1.0\r\nHost: app\r\nConnection: keep-alive\r\n\r\n")
        #expect(old.body == "hello world")
        #expect(try proxy.ask().body == "hello world")
    }

    @Test func `an old client may keep its connection`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        for _ in 0..<2 {
            try connection.send("GET / HTTP/1.0\r\nHost: app\r\nConnection: keep-alive\r\n\r\n")
            let answer = try connection.readMessage()
            #expect(answer.field("connection") == "keep-alive")
            #expect(answer.body == "v1")
        }
        try connection.send("GET / HTTP/1.0\r\nHost: app\r\n\r\n")
        #expect(try connection.readMessage().field("connection") == "close")
        #expect(connection.isEnded())
    }

    @Test func `answers without a body have none`() throws {
        let origin = try TestOrigin { request in
            request.startLine.hasPrefix("HEAD")
                ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" : "HTTP/1.1 204 No Content\r\n\r\n"
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        for _ in 0..<3 {
            try connection.send("HEAD / HTTP/1.1\r\nHost: app\r\n\r\nGET / HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try connection.readMessage(isHead: true).field("content-length") == "5")
            #expect(try connection.readMessage().status == 204)
        }
    }

    @Test func `100 Continue comes from the upstream`() throws {
        let origin = try TestOrigin { connection, _ in
            let head = try connection.readHead()
            #expect(head.field("expect") == "100-continue")
            try connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            let body = String(decoding: try connection.read(5), as: UTF8.self)
            try connection.send(TestOrigin.response(body))
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        try connection.send(
            "POST / HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        )
        #expect(try connection.readHead().status == 100)
        try connection.send("hello")
        #expect(try connection.readMessage().body == "hello")
    }

    @Test func `early hints pass, but not to an old client`() throws {
        let origin = try TestOrigin { _ in
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + TestOrigin.response("done")
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(try connection.readHead().field("link") == "</a>")
        #expect(try connection.readMessage().body == "done")
        #expect(try proxy.ask("GET / HTTP/1.0\r\nHost: app\r\n\r\n").body == "done")
    }

    @Test func `an early answer reaches a client that is still sending`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send(TestOrigin.response("too much", status: "413 Content Too Large"))
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        try connection.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 100000000\r\n\r\n")
        try? connection.send([UInt8](repeating: 1, count: 1 << 20))
        let answer = try connection.readMessage()
        #expect(answer.status == 413)
        #expect(answer.body == "too much")
    }

    @Test func `protocols can be switched`() throws {
        let origin = try TestOrigin { connection, _ in
            let head = try connection.readHead()
            #expect(head.field("upgrade") == "websocket")
            #expect(head.field("connection") == "upgrade")
            try connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi"
            )
            while true { try connection.send(try connection.read(4)) }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        try connection.send(
            "GET /chat HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        let head = try connection.readHead()
        #expect(head.status == 101)
        #expect(head.field("upgrade") == "websocket")
        #expect(try connection.read(2) == Array("hi".utf8))
        for text in ["ping", "pong"] {
            try connection.send(text)
            #expect(try connection.read(4) == Array(text.utf8))
        }
        connection.finishSending()
        #expect(connection.isEnded())
    }

    @Test func `targets come in several forms`() throws {
        let origin = try TestOrigin { TestOrigin.response("\($0.startLine) \($0.field("host") ?? "")") }
        let proxy = try TestProxy([("v1", origin.port)])
        #expect(
            try proxy.ask("GET http://app/x?y HTTP/1.1\r\nHost: other\r\n\r\n").body
                == "GET /x?y HTTP/1.1 app"
        )
        #expect(try proxy.ask("GET http://app HTTP/1.1\r\nHost: app\r\n\r\n").body == "GET / HTTP/1.1 app")
        #expect(try proxy.ask("OPTIONS * HTTP/1.1\r\nHost: app\r\n\r\n").body == "OPTIONS * HTTP/1.1 app")
        #expect(try proxy.ask("GET /a/../b HTTP/1.1\r\nHost: app\r\n\r\n").body == "GET /b HTTP/1.1 app")
        #expect(try proxy.ask("GET /%00 HTTP/1.1\r\nHost: app\r\n\r\n").status == 400)
        let connect = try proxy.ask("CONNECT app:80 HTTP/1.1\r\nHost: app:80\r\n\r\n")
        #expect(connect.status == 405)
        #expect(connect.field("connection") == "close")
    }

    @Test func `forwarding headers are continued`() throws {
        let origin = try TestOrigin { TestOrigin.response($0.fields.joined(separator: "\n")) }
        let proxy = try TestProxy([("v1", origin.port)])
        let body = try proxy.ask(
            "GET / HTTP/1.1\r\nHost: app\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\n"
                + "X-Request-Id: mine\r\n\r\n"
        ).body
        #expect(body.contains("x-forwarded-for: 10.0.0.1, 127.0.0.1"))
        #expect(body.contains("X-Forwarded-Proto: https"))
        #expect(body.contains("X-Request-Id: mine"))
        #expect(!body.contains("x-request-id"))
    }
}
