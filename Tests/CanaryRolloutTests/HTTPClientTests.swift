// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRollout
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

/// The client for others' servers, against real ones that answer as they please.
@Suite struct HTTPClientTests {
    private func ask(
        _ address: String,
        body: String? = nil,
        milliseconds: Int64 = 60_000,
        cancelledBy cancellation: EventDescriptor? = nil
    ) throws -> HTTPAnswer {
        let url = try #require(HTTPURL(address))
        return try HTTPClient.answer(
            to: HTTPRequest(url, body: body.map { Array($0.utf8) }),
            deadline: Clock.monotonicMilliseconds() + milliseconds,
            cancelledBy: cancellation
        )
    }

    private func failure(_ address: String, milliseconds: Int64 = 60_000) -> String? {
        do {
            _ = try ask(address, milliseconds: milliseconds)
            return nil
        } catch {
            return (error as? HTTPFailure)?.reason
        }
    }

    /// What is made of an answer, once as it is and once in single bytes.
    private func read(_ answer: String) throws -> [HTTPAnswer] {
        let server = try RawServer { connection, number in
            if number == 0 { send(answer, to: connection) }
            if number == 1 {
                for character in answer.utf8 { send(String(UnicodeScalar(character)), to: connection) }
            }
        }
        defer { server.stop() }
        return [try ask(server.url), try ask(server.url)]
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more", 200, "hi"),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""), ("HTTP/1.1 200\r\nContent-Length:0\r\n\r\n", 200, ""),
        ("HTTP/1.0 503 No\r\n\r\nto the end", 503, "to the end"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2;a=b\r\nhi\r\n0A\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
            200, "hi0123456789"
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 201 OK\r\nContent-Length: 1\r\n\r\nx",
            201, "x"
        ),
        ("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", 200, "hi"),
    ]) func `answers are read, however they are framed and cut`(_ text: String, _ status: Int, _ body: String)
        throws
    {
        let answer = HTTPAnswer(status: status, body: Array(body.utf8))
        #expect(try read(text) == [answer, answer])
    }

    @Test(arguments: [
        ("", "the connection was closed before the answer's end"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
            "the connection was closed before the answer's end"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi",
            "the connection was closed before the answer's end"
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
        ("HTTP/1.1 x\r\n\r\n", "the answer is not HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "the answer is not HTTP"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhi", "the answer is not HTTP"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
            "the answer is not HTTP"
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhixx\r\n", "the answer is not HTTP"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "the answer is encoded as gzip"),
        ("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "the answer is not HTTP"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n",
            "the connection was closed before the answer's end"
        ),
    ]) func `what is no answer is told as such`(_ text: String, _ reason: String) throws {
        let server = try RawServer { connection, _ in send(text, to: connection) }
        defer { server.stop() }
        #expect(failure(server.url) == reason)
    }

    @Test func `a request has what it needs`() throws {
        let server = try RawServer { connection, _ in
            send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        defer { server.stop() }
        _ = try ask("\(server.url)/gate?a=ü", body: "{}")
        #expect(
            server.requests == [
                "POST /gate?a=%C3%BC HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nConnection: close\r\nUser-Agent: canaryctl\r\n"
                    + "Accept: */*\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
            ]
        )
    }

    @Test func `names and addresses of version 6 are reached`() throws {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        let four = try RawServer { connection, _ in send(answer, to: connection) }
        let six = try RawServer(isVersion6: true) { connection, _ in send(answer, to: connection) }
        defer { [four, six].forEach { $0.stop() } }
        // Where the name stands for both, the one that nobody listens at comes first.
        #expect(try ask("http://localhost:\(four.port)").status == 200)
        #expect(try ask("http://[::1]:\(six.port)").status == 200)
    }

    @Test func `nobody there, and no such name`() throws {
        let server = try RawServer { _, _ in }
        server.stop()
        #expect(failure(server.url) == "127.0.0.1:\(server.port): connection refused")
        #expect(
            failure("http://no-such-host.invalid/")?.hasPrefix(
                "there is no address of \"no-such-host.invalid\": "
            ) == true
        )
    }

    @Test func `a server that drips, hangs, or never takes the request has its time and no more`() throws {
        let drips = try RawServer { connection, _ in
            send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", to: connection)
            while send("x", to: connection) { EventDescriptor().wait(milliseconds: 10) }
        }
        let hangs = try RawServer { connection, _ in RawServer.wait(connection) }
        defer { [drips, hangs].forEach { $0.stop() } }
        for server in [drips, hangs] {
            let begun = Clock.monotonicMilliseconds()
            #expect(failure(server.url, milliseconds: 300) == "no whole answer in time")
            #expect(Clock.monotonicMilliseconds() - begun >= 300)
        }
        #expect(failure("https://127.0.0.1:\(hangs.port)", milliseconds: 300) == "no whole answer in time")
        #expect(failure(drips.url, milliseconds: -1)?.hasSuffix(": no whole answer in time") == true)
    }

    @Test func `an answer without an end is not kept`() throws {
        let endless = try RawServer { connection, number in
            send(
                "HTTP/1.1 200 OK\r\n\(number == 1 ? "Transfer-Encoding: chunked\r\n" : "")\r\n",
                to: connection
            )
            let piece = String(repeating: "x", count: 1 << 16)
            while send(number == 1 ? "10000\r\n\(piece)\r\n" : piece, to: connection) {}
        }
        let head = try RawServer { connection, _ in
            send("HTTP/1.1 200 OK\r\n", to: connection)
            while send("X: \(String(repeating: "x", count: 1 << 16))\r\n", to: connection) {}
        }
        defer { [endless, head].forEach { $0.stop() } }
        for _ in 0..<2 { #expect(failure(endless.url) == "the answer is longer than 1048576 bytes") }
        #expect(failure(head.url) == "the answer's head is too long")
    }

    @Test func `redirects are not followed`() throws {
        let server = try RawServer { connection, _ in
            send("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        defer { server.stop() }
        #expect(try ask(server.url).status == 302)
        #expect(server.requests.count == 1)
    }

    @Test func `nobody waits once it is said so`() throws {
        let server = try RawServer { connection, _ in RawServer.wait(connection) }
        defer { server.stop() }
        let cancellation = EventDescriptor()
        cancellation.signal()
        for scheme in ["http", "https"] {
            #expect(throws: HTTPFailure.self) {
                try ask("\(scheme)://127.0.0.1:\(server.port)", cancelledBy: cancellation)
            }
        }
    }

    @Test func `what speaks no TLS is told in libcurl's words`() throws {
        let server = try RawServer { connection, _ in
            send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        defer { server.stop() }
        let reason = failure("https://127.0.0.1:\(server.port)/")
        #expect(reason?.hasPrefix("127.0.0.1:\(server.port): ") == true, "\(reason ?? "")")
        #expect(
            reason?.lowercased().contains("ssl") == true || reason?.lowercased().contains("tls") == true,
            "\(reason ?? "")"
        )
    }
}
