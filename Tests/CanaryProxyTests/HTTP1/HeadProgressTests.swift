// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import Testing

@testable import CanaryProxy

/// Heads that come in small pieces: the same outcome as in one, for work in proportion to their size.
struct HeadProgressTests {
    /// How many bytes are parsed in all while a head comes in pieces of `step` bytes.
    private static func parsedBytes(_ text: String, step: Int) -> Int {
        let bytes = Array(text.utf8)
        var progress = HeadProgress()
        return stride(from: step, through: bytes.count, by: step).reduce(0) { sum, count in
            bytes[..<count].withSlice {
                progress.isWorthParsing($0, limit: bytes.count) ? sum + count : sum
            }
        }
    }

    @Test(arguments: [1, 3, 7, 100])
    func `no byte is parsed more often than a few times, however small the pieces are`(step: Int) {
        let head = "GET /\(String(repeating: "x", count: 10_000)) HTTP/1.1\r\nHost: h\r\n"
        let fields = (0..<90).map { "X-\($0): \(String(repeating: "y", count: 500))\r\n" }.joined()
        for text in [head + fields + "\r\n", fields + "\r\n", String(repeating: "a:\r\n", count: 9_000)] {
            let parsed = Self.parsedBytes(text, step: step)
            #expect(parsed <= 4 * text.utf8.count, "\(parsed) of \(text.utf8.count)")
        }
    }

    private static let heads = [
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "\r\nPOST /long?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nX: y\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    ]

    @Test(arguments: heads)
    func `a head that comes byte by byte is whole with its last byte`(text: String) {
        let bytes = Array(text.utf8)
        var progress = HeadProgress()
        var head = RequestHead()
        var fields = FieldTable(capacity: 100)
        // The second one comes on the same connection.
        for count in Array(1...bytes.count) + Array(1...bytes.count) {
            let outcome = bytes[..<count].withSlice {
                RequestParser().parse($0, after: &progress, into: &head, fields: &fields)
            }
            #expect(outcome == (count < bytes.count ? .incomplete : .complete(count)))
        }
    }

    @Test func `an answer and trailers that come byte by byte are whole with their last byte`() {
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n".utf8)
        var progress = HeadProgress()
        var head = ResponseHead()
        var fields = FieldTable(capacity: 100)
        for count in 1...answer.count {
            let outcome = answer[..<count].withSlice {
                ResponseParser().parse($0, after: &progress, method: .get, into: &head, fields: &fields)
            }
            #expect(outcome == (count < answer.count ? .incomplete : .complete(count)))
        }
        for text in ["\r\n", "X-Sum: 9\r\n\r\n"] {
            let section = Array(text.utf8)
            var progress = HeadProgress()
            for count in 0...section.count {
                let outcome = section[..<count].withSlice {
                    TrailerParser(mostFields: 10).parse($0, after: &progress, into: &fields)
                }
                #expect(outcome == (count < section.count ? .incomplete : .complete(count)))
            }
        }
    }

    /// Whoever sends it may wait for an answer and never send an end.
    @Test(arguments: RequestSmugglingTests.refused.filter { $0.1 != .missingHost })
    func `what is refused whole is refused in pieces before it has doubled`(text: String, why: Rejection) {
        let bytes = Array(text.utf8) + Array(repeating: UInt8(ascii: "a"), count: text.utf8.count)
        var progress = HeadProgress()
        var head = RequestHead()
        var fields = FieldTable(capacity: 100)
        let isRefused = (1...bytes.count).contains { count in
            let outcome = bytes[..<count].withSlice {
                RequestParser().parse($0, after: &progress, into: &head, fields: &fields)
            }
            if case .rejected = outcome { return true }
            return false
        }
        #expect(isRefused)
    }

    @Test(arguments: ["GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: h\n", "GET / HTTP/1.1\r\nA: b\r\n\n"])
    func `a line that ends as none may is refused at once`(text: String) {
        let bytes = Array(text.utf8)
        var progress = HeadProgress()
        var head = RequestHead()
        var fields = FieldTable(capacity: 100)
        for count in 1...bytes.count {
            let outcome = bytes[..<count].withSlice {
                RequestParser().parse($0, after: &progress, into: &head, fields: &fields)
            }
            #expect(outcome == (count < bytes.count ? .incomplete : .rejected(.bareLineEnd)))
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\n", "HTTP/1.1 200\n", "HTTP/1.1 200 \n", "HTTP/1.1 200 OK\r\nA: b\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n\n",
    ])
    func `a line of an answer that ends as none may is refused at once`(text: String) {
        let bytes = Array(text.utf8)
        var progress = HeadProgress()
        var head = ResponseHead()
        var fields = FieldTable(capacity: 100)
        for count in 1...bytes.count {
            let outcome = bytes[..<count].withSlice {
                ResponseParser().parse($0, after: &progress, method: .get, into: &head, fields: &fields)
            }
            #expect(outcome == (count < bytes.count ? .incomplete : .rejected(.bareLineEnd)))
        }
    }
}
