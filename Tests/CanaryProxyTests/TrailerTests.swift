// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryProxy

/// What comes behind a chunked body, and between its chunks.
struct TrailerTests {
    private static let body =
        "4;name=value\r\nbody\r\n0;x\r\nX-Sum: 9\r\nX-Forwarded-For: 6.6.6.6\r\n"
        + "Proxy-Authorization: Basic x\r\nX-User: root\r\n\r\n"
    private static let passed = "4\r\nbody\r\n0\r\nX-Sum: 9\r\n\r\n"
    private static let edits: Value = [
        "request": ["set": ["x-user": "nobody"]], "response": ["remove": ["x-user"]],
    ]

    /// Reads a head, then raw bytes up to the end of `body`'s trailers.
    private static func readRaw(_ connection: TestConnection) throws -> String {
        _ = try connection.readHead()
        return try connection.read(until: "\r\n\r\n") + "\r\n\r\n"
    }

    @Test(arguments: [true, false])
    func `a client's trailers reach the origin only where they may`(inPieces: Bool) throws {
        let origin = try TestOrigin { connection, _ in
            while true { try connection.send(TestOrigin.response(try Self.readRaw(connection))) }
        }
        let proxy = try TestProxy(
            [("v1", origin.port)],
            http: TestProxy.route("v1", [("headers", Self.edits)])
        )
        let connection = try proxy.connect()
        for _ in 0..<2 {
            let request = "POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n" + Self.body
            if inPieces {
                for byte in request.utf8 { try connection.send([byte]) }
            } else {
                try connection.send(request)
            }
            #expect(try connection.readMessage().body == Self.passed)
        }
    }

    @Test func `an origin's trailers reach the client only where they may`() throws {
        let origin = try TestOrigin { connection, number in
            while true {
                _ = try connection.readMessage()
                let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + Self.body
                // The second connection gets it in pieces that cut everywhere.
                if number == 0 {
                    try connection.send(answer)
                } else {
                    for byte in answer.utf8 { try connection.send([byte]) }
                }
                if number == 0 { throw TestConnection.Ended() }
            }
        }
        let proxy = try TestProxy(
            [("v1", origin.port)],
            http: TestProxy.route("v1", [("headers", Self.edits)])
        )
        let connection = try proxy.connect()
        for _ in 0..<3 {
            try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try Self.readRaw(connection) == Self.passed)
        }
    }

    @Test func `a client of HTTP 1.0 gets the data alone`() throws {
        let origin = try TestOrigin { _ in "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + Self.body
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        try connection.send("GET / HTTP/1.0\r\nHost: app\r\n\r\n")
        _ = try connection.readHead()
        #expect(connection.readToEnd() == "body")
    }

    @Test func `a body that is sent again is the body that was passed on`() throws {
        let origin = try TestOrigin { connection, number in
            let body = try Self.readRaw(connection)
            try connection.send(TestOrigin.response(body, status: number == 0 ? "503 Later" : "200 OK"))
        }
        let retries: [(String, Value)] = [("retries", ["attempts": 2, "retryOn": "5xx", "backoff": "1ms"])]
        let proxy = try TestProxy(
            [("v1", origin.port)],
            http: TestProxy.route("v1", retries + [("headers", Self.edits)])
        )
        let answer = try proxy.ask(
            "PUT / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n" + Self.body
        )
        #expect(answer.status == 200)
        #expect(answer.body == Self.passed)
    }

    @Test func `trailers that frame or address are refused`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)])
        for name in ["Host", "Content-Length", "Transfer-Encoding", "Connection", "TE", "Upgrade"] {
            let answer = try proxy.ask(
                "POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\(name): 1\r\n\r\n"
            )
            #expect(answer.status == 400, "\(name)")
        }
    }
}
