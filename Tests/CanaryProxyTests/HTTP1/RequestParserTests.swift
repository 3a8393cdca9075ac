// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import Testing

@testable import CanaryProxy

struct RequestParserTests {
    @Test func `a request is read in place`() {
        let parsed = parseRequest(
            "GET /hello?name=a&b HTTP/1.1\r\nHost: helloworld:8080\r\nCookie:  user=jason \t\r\nEmpty:\r\n\r\nrest"
        )
        #expect(parsed.outcome == .complete(parsed.text.utf8.count - 4))
        #expect(parsed.head.method == .get)
        #expect(parsed.text(parsed.head.path) == "/hello")
        #expect(parsed.head.query.map(parsed.text) == "name=a&b")
        #expect(parsed.text(parsed.head.authority) == "helloworld:8080")
        #expect(parsed.fields.map(\.value) == ["helloworld:8080", "user=jason", ""])
        #expect(parsed.head.keepsAlive)
        #expect(parsed.head.framing == .none)
    }

    @Test func `any prefix of a request is incomplete and the whole is not`() {
        let text =
            "POST http://h.example:80/a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nX-Long: \(longValue)\r\n\r\n"
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            let prefix = String(decoding: bytes[0..<count], as: UTF8.self)
            #expect(parseRequest(prefix).outcome == .incomplete, "\(count) bytes")
        }
        let whole = parseRequest(text)
        #expect(whole.outcome == .complete(bytes.count))
        #expect(whole.text(whole.head.authority) == "h.example:80")
        #expect(whole.head.framing == .length(12))
    }

    private var longValue: String { String(repeating: "value\twith tab é ", count: 20) }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, close ,keep-alive\r\n\r\n", false),
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
    ])
    func `connections persist by version and option`(text: String, keepsAlive: Bool) {
        #expect(parseRequest(text).head.keepsAlive == keepsAlive)
    }

    @Test func `hop-by-hop fields are dropped, named ones too, but never those that frame or address`() {
        let parsed = parseRequest(
            "GET / HTTP/1.1\r\nX-Secret: 1\r\nHost: h\r\nConnection: x-secret, host, content-length\r\nTE: trailers\r\n"
                + "Keep-Alive: 5\r\nContent-Length: 3\r\nAccept: */*\r\n\r\n"
        )
        #expect(parsed.fields.filter { !$0.isDropped }.map(\.name) == ["Host", "Content-Length", "Accept"])
        #expect(parsed.head.framing == .length(3))
    }

    @Test func `an upgrade is passed on, a switch to HTTP2 is not`() {
        let socket = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        let parsed = parseRequest(socket)
        #expect(parsed.head.upgrade.map(parsed.text) == "websocket")
        #expect(parseRequest(socket.replacing("websocket", with: "h2c")).head.upgrade == nil)
        #expect(parseRequest(socket.replacing("Connection: Upgrade", with: "A: b")).head.upgrade == nil)
    }

    @Test func `an asterisk is a target of OPTIONS only`() {
        #expect(parseRequest("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").head.form == .asterisk)
        #expect(parseRequest("GET * HTTP/1.1\r\nHost: h\r\n\r\n").outcome == .rejected(.badTarget))
    }

    @Test func `CONNECT is read to its end so that it can be refused`() {
        let parsed = parseRequest("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n")
        #expect(parsed.head.method == .connect)
        #expect(parsed.outcome == .complete(parsed.text.utf8.count))
    }

    @Test func `one empty line before a request is skipped`() {
        #expect(parseRequest("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").outcome == .complete(29))
        #expect(parseRequest("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").outcome == .rejected(.badMethod))
    }

    @Test func `an expectation is known or not`() {
        let text = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n"
        #expect(parseRequest(text).head.expectsContinue)
        #expect(parseRequest(text.replacing("100-Continue", with: "miracles")).head.hasUnknownExpectation)
    }
}

/// Every way to be unclear about where a request begins, ends or goes is refused.
struct RequestSmugglingTests {
    static let refused: [(String, Rejection)] = [
        ("GET / HTTP/1.1\nHost: h\r\n\r\n", .bareLineEnd),
        ("GET / HTTP/1.1\r\nHost: h\n\r\n", .bareLineEnd),
        ("GET / HTTP/1.1\r\nHost: h\r\n\n", .bareLineEnd),
        ("GET / HTTP/1.1\r\nHost: h\r\rX: y\r\n\r\n", .bareLineEnd),
        ("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", .bareLineEnd),
        ("GET / HTTP/1.1\r\nHost: h\r\n\rX", .bareLineEnd),
        ("\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", .bareLineEnd),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", .foldedLine),
        ("GET / HTTP/1.1\r\n Host: h\r\n\r\n", .foldedLine),
        ("GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", .spaceBeforeColon),
        ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding\t: chunked\r\n\r\n", .spaceBeforeColon),
        ("GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n", .malformedFieldName),
        ("GET / HTTP/1.1\r\nHost: h\r\nA(b): c\r\n\r\n", .malformedFieldName),
        ("GET / HTTP/1.1\r\nHost: h\r\nA\u{0}b: c\r\n\r\n", .malformedFieldName),
        ("GET / HTTP/1.1\r\nHost: h\r\nnocolon\r\n\r\n", .bareLineEnd),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\u{0}c\r\n\r\n", .controlCharacter),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: 12345678\u{7f}\r\n\r\n", .controlCharacter),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: 1234567\u{1b}[31m\r\n\r\n", .controlCharacter),
        (
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            .lengthAndEncoding
        ),
        (
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            .lengthAndEncoding
        ),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", .severalLengths),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n", .severalLengths),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5 5\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775808\r\n\r\n", .badLength),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", .badLength),
        ("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", .encodingInOldVersion),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", .badEncoding),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", .badEncoding),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .badEncoding),
        (
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            .severalEncodings
        ),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", .unknownEncoding),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", .unknownEncoding),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", .unknownEncoding),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n", .unknownEncoding),
        ("GET / HTTP/1.1\r\n\r\n", .missingHost),
        ("GET http://h/ HTTP/1.1\r\n\r\n", .missingHost),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .severalHosts),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .badHost),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .badHost),
        ("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", .badHost),
        ("GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n", .badHost),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .badHost),
        ("GET http://user@h/ HTTP/1.1\r\nHost: h\r\n\r\n", .badHost),
        ("GET http:/// HTTP/1.1\r\nHost: h\r\n\r\n", .badHost),
        ("GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", .badScheme),
        ("GET hello HTTP/1.1\r\nHost: h\r\n\r\n", .badTarget),
        ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", .badTarget),
        ("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", .malformedRequestLine),
        ("GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n", .badTarget),
        ("GET /a\u{1}b HTTP/1.1\r\nHost: h\r\n\r\n", .badTarget),
        ("GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", .badTarget),
        ("GET /é HTTP/1.1\r\nHost: h\r\n\r\n", .badTarget),
        ("GET /  HTTP/1.1\r\nHost: h\r\n\r\n", .malformedRequestLine),
        ("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", .malformedRequestLine),
        ("GET /\r\n", .malformedRequestLine),
        (" GET / HTTP/1.1\r\nHost: h\r\n\r\n", .badMethod),
        ("G@T / HTTP/1.1\r\nHost: h\r\n\r\n", .badMethod),
        ("\u{16}\u{3}\u{1}", .badMethod),
        ("GET / HTTP/2.0\r\n\r\n", .unsupportedVersion),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
        ("GET / HTTP/1.2\r\nHost: h\r\n\r\n", .unsupportedVersion),
        ("GET / http/1.1\r\nHost: h\r\n\r\n", .malformedRequestLine),
        ("GET / HTTP/1.10\r\nHost: h\r\n\r\n", .malformedRequestLine),
        ("GET / HTTP/11\r\nHost: h\r\n\r\n", .malformedRequestLine),
    ]

    @Test(arguments: refused)
    func `an ambiguous request is refused`(text: String, rejection: Rejection) {
        #expect(parseRequest(text).outcome == .rejected(rejection))
    }

    @Test(arguments: refused)
    func `it is refused byte by byte too`(text: String, rejection: Rejection) {
        let bytes = Array(text.utf8)
        for count in 1...bytes.count {
            let outcome = parseRequest(String(decoding: bytes[0..<count], as: UTF8.self)).outcome
            if outcome == .incomplete { continue }
            // A cut inside a UTF-8 sequence becomes another character, and is refused all the same.
            guard case .rejected = outcome else {
                Issue.record("accepted \(count) bytes of \(text)")
                return
            }
            return
        }
        Issue.record("never refused \(text)")
    }

    @Test func `limits have their own statuses`() {
        let limits = HeadLimits(headBytes: 200, fields: 3, lineBytes: 50)
        let long = String(repeating: "a", count: 60)
        #expect(parseRequest("GET /\(long)", limits: limits).outcome == .rejected(.requestLineTooLong))
        #expect(
            parseRequest("GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits: limits).outcome
                == .rejected(.tooManyFields)
        )
        let filler = String(repeating: "v", count: 200)
        #expect(
            parseRequest("GET / HTTP/1.1\r\nHost: h\r\nA: \(filler)", limits: limits).outcome
                == .rejected(.headTooLarge)
        )
        #expect(
            parseRequest("GET / HTTP/1.1\r\nHost: h\r\nA: \(filler)\r\n\r\n", limits: limits).outcome
                == .rejected(.headTooLarge)
        )
        #expect(Rejection.requestLineTooLong.status == 414)
        #expect(Rejection.tooManyFields.status == 431)
        #expect(Rejection.headTooLarge.status == 431)
        #expect(Rejection.unknownEncoding.status == 501)
        #expect(Rejection.unsupportedVersion.status == 505)
        #expect(Rejection.lengthAndEncoding.status == 400)
    }

    @Test func `random bytes never crash the parser`() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("GET /:HhOoSsTt \r\n\t1.,;0chunked\u{0}".utf8)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            var head = RequestHead()
            var table = FieldTable(capacity: 5)
            _ = bytes.withSlice { RequestParser().parse($0, into: &head, fields: &table) }
        }
    }
}
