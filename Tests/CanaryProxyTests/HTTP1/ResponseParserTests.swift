// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryProxy

struct ResponseParserTests {
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", RequestMethod.get, BodyFraming.length(5), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", .head, .none, true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", .get, .chunked, true),
        ("HTTP/1.1 200 OK\r\n\r\n", .get, .untilClose, false),
        ("HTTP/1.1 204 No Content\r\n\r\n", .get, .none, true),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", .get, .none, true),
        ("HTTP/1.1 100 Continue\r\n\r\n", .post, .none, true),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", .get, .none, true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", .get, .length(2), false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n", .get, .length(2), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n", .get, .length(2), false),
    ])
    func `a body ends where RFC 9112 says`(
        text: String,
        method: RequestMethod,
        framing: BodyFraming,
        keepsAlive: Bool
    ) {
        let (outcome, head) = parseResponse(text, method: method)
        #expect(outcome == .complete(text.utf8.count))
        #expect(head.framing == framing)
        #expect(head.keepsAlive == keepsAlive)
    }

    @Test(arguments: [
        ("HTTP/2 200 OK\r\n\r\n", Rejection.malformedStatusLine),
        ("HTTP/1.1 20 OK\r\n\r\n", .malformedStatusLine),
        ("HTTP/1.1 2000 OK\r\n\r\n", .bareLineEnd),
        ("HTTP/1.1 600 OK\r\n\r\n", .malformedStatusLine),
        ("HTTP/1.1 200 OK\nA: b\r\n\r\n", .bareLineEnd),
        ("HTTP/1.1 200 O\u{0}K\r\n\r\n", .bareLineEnd),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", .badLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", .severalLengths),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", .lengthAndEncoding),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .encodingInOldVersion),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .unknownEncoding),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", .foldedLine),
        ("SSH-2.0-OpenSSH\r\n", .malformedStatusLine),
    ])
    func `an unclear response is refused`(text: String, rejection: Rejection) {
        #expect(parseResponse(text).0 == .rejected(rejection))
    }
}

struct ChunkedDecoderTests {
    static let body = "5;a=b\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nNEXT"

    @Test(arguments: [1, 2, 3, 7, Int.max])
    func `data is found whatever the pieces`(step: Int) {
        let decoded = decodeChunks(Self.body, step: step)
        #expect(decoded.data == "hello 0123456789")
        #expect(decoded.unread == 4)
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
        ("0\r\n\n", .badTrailer),
        ("0\r\n\rX", .bareLineEnd),
        ("0\r\nContent-Length: 5\r\n\r\n", .badTrailer),
        ("0\r\ntransfer-encoding: chunked\r\n\r\n", .badTrailer),
        ("0\r\nHost: h\r\n\r\n", .badTrailer),
        ("0\r\n A: b\r\n\r\n", .badTrailer),
        ("0\r\nA: b\u{0}\r\n\r\n", .badTrailer),
        ("0\r\nA: b\n\r\n", .badTrailer),
        ("0\r\nA : b\r\n\r\n", .badTrailer),
    ])
    func `bad framing is refused, in one piece and byte by byte`(text: String, rejection: Rejection) {
        #expect(decodeChunks(text).end == .rejected(rejection))
        #expect(decodeChunks(text, step: 1).end == .rejected(rejection))
    }

    @Test func `extensions and trailers are bounded`() {
        let long = String(repeating: "a", count: 20_000)
        #expect(decodeChunks("5;\(long)").end == .rejected(.chunkExtensionTooLong))
        #expect(decodeChunks("0\r\nA: \(long)").end == .rejected(.trailersTooLarge))
    }
}

struct BodyReaderTests {
    @Test func `a body of known length ends there`() {
        var reader = BodyReader(.length(5))
        let bytes = Array("helloNEXT".utf8)
        bytes.withUnsafeBytes { bytes in
            #expect(reader.pass(UnsafeRawBufferPointer(rebasing: bytes[0..<2])) == .partial(2))
            #expect(reader.pass(UnsafeRawBufferPointer(rebasing: bytes[2...])) == .finished(3))
        }
    }
}
