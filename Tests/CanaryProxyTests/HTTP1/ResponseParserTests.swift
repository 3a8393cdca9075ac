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
        ("HTTP/1.1 099 OK\r\n\r\n", .malformedStatusLine),
        ("HTTP/1.1200 OK\r\n\r\n", .malformedStatusLine),
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

    /// As lenient as HAProxy, where it is no question what is meant.
    @Test(arguments: [
        ("HTTP/1.1 600 Custom\r\n\r\n", 600, "Custom"), ("HTTP/1.1 999\r\n\r\n", 999, ""),
        ("HTTP/1.1\t200\tFine\r\n\r\n", 200, "Fine"), ("HTTP/1.1  200   Fine\r\n\r\n", 200, "Fine"),
        ("HTTP/1.1 200 a\tb\r\n\r\n", 200, "a\tb"),
        (
            "HTTP/1.1 200 \(String(repeating: "x", count: 40_000))\r\n\r\n", 200,
            String(repeating: "x", count: 40_000)
        ),
    ])
    func `odd status lines are understood`(text: String, status: Int, reason: String) {
        let (outcome, head) = parseResponse(text)
        #expect(outcome == .complete(text.utf8.count))
        #expect(head.status == status)
        #expect(
            String(decoding: Array(text.utf8)[head.reason.lower..<head.reason.upper], as: UTF8.self) == reason
        )
    }
}
