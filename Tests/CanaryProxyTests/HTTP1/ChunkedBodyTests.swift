// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import Testing

@testable import CanaryProxy

struct ChunkedDecoderTests {
    static let body = "5;a=b\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nNEXT"

    @Test(arguments: [1, 2, 3, 7, Int.max])
    func `data is found whatever the pieces`(step: Int) {
        let decoded = decodeChunks(Self.body, step: step)
        #expect(decoded.data == "hello 0123456789")
        #expect(decoded.unread == "X-Sum: 1\r\n\r\nNEXT".utf8.count)
    }

    @Test(arguments: [
        ("\r\n", Rejection.badChunkSize),
        ("x\r\n", .badChunkSize),
        (" 5\r\nhello\r\n", .badChunkSize),
        ("5 \r\nhello\r\n", .badChunkSize),
        ("+5\r\nhello\r\n", .badChunkSize),
        ("0x5\r\nhello\r\n", .badChunkSize),
        ("5\nhello\r\n", .badChunkSize),
        ("5\rXhello\r\n", .badChunkSize),
        ("5;a\nhello\r\n", .badChunkSize),
        ("1000000000000000\r\n", .badChunkSize),
        ("5\r\nhelloX\r\n", .badChunkEnd),
        ("5\r\nhello\n", .badChunkEnd),
        ("5\r\nhello\r\r", .badChunkEnd),
    ])
    func `bad framing is refused, in one piece and byte by byte`(text: String, rejection: Rejection) {
        #expect(decodeChunks(text).end == .rejected(rejection))
        #expect(decodeChunks(text, step: 1).end == .rejected(rejection))
    }

    @Test func `extensions are bounded`() {
        let long = String(repeating: "a", count: 257)
        #expect(decodeChunks("5;\(long)\r\n").end == .rejected(.chunkExtensionTooLong))
        #expect(decodeChunks("5;\(long.dropFirst(2))\r\nhello").data == "hello")
    }
}

struct TrailerParserTests {
    @Test(arguments: [
        ("\n", Rejection.bareLineEnd),
        ("\rX", .bareLineEnd),
        ("Content-Length: 5\r\n\r\n", .badTrailer),
        ("transfer-encoding: chunked\r\n\r\n", .badTrailer),
        ("Host: h\r\n\r\n", .badTrailer),
        ("Connection: close\r\n\r\n", .badTrailer),
        (" A: b\r\n\r\n", .foldedLine),
        ("A: b\u{0}\r\n\r\n", .controlCharacter),
        ("A: b\n\r\n", .bareLineEnd),
        ("A : b\r\n\r\n", .spaceBeforeColon),
        ("A: " + String(repeating: "a", count: 20_000), .trailersTooLarge),
    ])
    func `a section that is unclear is refused`(text: String, rejection: Rejection) {
        var fields = FieldTable(capacity: 10)
        let outcome = Array(text.utf8).withSlice {
            TrailerParser(mostFields: 10).parse($0, into: &fields)
        }
        #expect(outcome == .rejected(rejection))
    }

    @Test(arguments: [
        ("X-Checksum", false), ("grpc-status", false), ("Server-Timing", false), ("Digest", false),
        ("ETag", false),
        ("Trailing", false), ("X-Forwarded", false), ("Authorization", true), ("Proxy-Authorization", true),
        ("x-forwarded-for", true), ("X-Forwarded-Client-Cert", true), ("X-Request-ID", true),
        ("Cookie", true),
        ("Set-Cookie", true), ("Content-Type", true), ("If-Match", true), ("Forwarded", true), ("Via", true),
        ("X-Envoy-Original-Path", true), ("Range", true), ("Cache-Control", true),
        ("Access-Control-Allow-Origin", true),
    ])
    func `what belongs into a head is left out`(name: String, isDropped: Bool) {
        var fields = FieldTable(capacity: 10)
        let text = "\(name): 1\r\n\r\n"
        let outcome = Array(text.utf8).withSlice {
            TrailerParser(mostFields: 10).parse($0, into: &fields)
        }
        #expect(outcome == .complete(text.utf8.count))
        #expect(fields[0].isDropped == isDropped)
    }
}

struct BodyReaderTests {
    @Test func `a body of known length ends there`() {
        var reader = BodyReader(.length(5))
        let bytes = Array("helloNEXT".utf8)
        bytes.withSlice { bytes in
            #expect(reader.pass(bytes.slice(0, 2)) == .partial(2))
            #expect(reader.pass(bytes.from(2)) == .finished(3))
        }
    }
}

struct BodyRelayTests {
    private static let received =
        "5;a=b\r\nhello\r\n2\r\nyo\r\n0;last\r\nX-Sum: 1\r\nCookie: a\r\nX-Two: 2\r\n\r\n"
    private static let passed = "5\r\nhello\r\n2\r\nyo\r\n0\r\nX-Sum: 1\r\nX-Two: 2\r\n\r\n"

    /// Feeds a body as a connection does whose unused bytes wait; what goes on, and how much was used.
    private func relay(
        _ text: String,
        step: Int,
        _ pass: (inout BodyRelay, ByteSlice, inout BodyReader) throws(Rejection) ->
            BodyRelay.Piece
    ) throws -> (text: String, used: Int, isFinished: Bool) {
        var relay = BodyRelay(mostFields: 10)
        var reader = BodyReader(.chunked)
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var (used, available) = (0, 0)
        while available < bytes.count {
            available = min(available + step, bytes.count)
            let piece = try bytes[used..<available].withSlice { (input) throws(Rejection) in
                let piece = try pass(&relay, input, &reader)
                result += piece.bytes
                return piece
            }
            used += piece.used
            if piece.isLast { return (String(decoding: result, as: UTF8.self), used, true) }
        }
        return (String(decoding: result, as: UTF8.self), used, false)
    }

    @Test(arguments: Array(1...90))
    func `extensions and forbidden trailers are left out, however the bytes come`(step: Int) throws {
        let relayed = try relay(Self.received + "NEXT", step: step) {
            (relay, bytes, reader) throws(Rejection) in
            try relay.pass(bytes, through: &reader, except: .none)
        }
        #expect(relayed == (Self.passed, Self.received.utf8.count, true))
    }

    @Test(arguments: Array(1...90))
    func `data comes without framing for a client that knows none`(step: Int) throws {
        let relayed = try relay(Self.received + "NEXT", step: step) {
            (relay, bytes, reader) throws(Rejection) in
            try relay.data(of: bytes, through: &reader, except: .none)
        }
        #expect(relayed == ("helloyo", Self.received.utf8.count, true))
    }

    @Test func `a body without extensions and trailers passes as it came`() throws {
        let text = "5\r\nhello\r\n0\r\n\r\n"
        var relay = BodyRelay(mostFields: 10)
        var reader = BodyReader(.chunked)
        try Array(text.utf8).withSlice { bytes in
            let piece = try relay.pass(bytes, through: &reader, except: .none)
            #expect(piece.bytes.base == bytes.base)
            #expect(piece.used == bytes.count && piece.isLast)
        }
    }
}
