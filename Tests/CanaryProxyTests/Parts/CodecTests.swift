// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import CanaryTestSupport
import Testing

@testable import CanaryProxy

/// Bodies that pass from one codec to the other, in pieces of every size.
struct CodecTests {
    /// An answer's body as it comes from an upstream and as a client gets it.
    struct Passage: CustomTestStringConvertible {
        var framing: BodyFraming
        var isOld = false
        var sent: String
        var received: String
        /// The body's end is only told by the connection's.
        var isOpen = false
        var testDescription: String { "\(framing) to HTTP/1.\(isOld ? 0 : 1)" }
    }

    static let passages = [
        Passage(framing: .length(10), sent: "0123456789", received: "0123456789"),
        Passage(framing: .length(10), isOld: true, sent: "0123456789", received: "0123456789"),
        Passage(framing: .none, sent: "", received: ""),
        Passage(
            framing: .chunked,
            sent: "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n",
            received: "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n"
        ),
        Passage(
            framing: .chunked,
            isOld: true,
            sent: "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            received: "abcde"
        ),
        Passage(framing: .untilClose, sent: "abcde", received: "5\r\nabcde\r\n0\r\n\r\n", isOpen: true),
        Passage(framing: .untilClose, isOld: true, sent: "abcde", received: "abcde", isOpen: true),
    ]

    /// What the client gets when the upstream's bytes come `step` at a time, and whether the end was seen.
    private func pass(_ passage: Passage, step: Int) throws -> (received: String, isLast: Bool) {
        var relay = BodyRelay(mostFields: 10)
        var server = ServerCodec()
        var request = RequestHead()
        request.minorVersion = passage.isOld ? 0 : 1
        server.begin(request)
        server.frame(passage.framing)
        var client = ClientCodec()
        var answer = ResponseHead()
        answer.framing = passage.framing
        client.begin(answer)
        var waiting: [UInt8] = []
        var received: [UInt8] = []
        var rest = Array(passage.sent.utf8)[...]
        var isLast = false
        while !rest.isEmpty || passage.sent.isEmpty {
            waiting += rest.prefix(step)
            rest = rest.dropFirst(step)
            let used = try waiting.withSlice { bytes in
                let piece = try client.readBody(bytes, as: server.bodyForm, &relay, except: .none)
                received += server.write(piece, &relay)
                isLast = piece.isLast
                return piece.used
            }
            waiting.removeFirst(used)
            if isLast { break }
        }
        if passage.isOpen { received += Array(server.end(trailers: ByteSlice(), &relay)) }
        return (String(decoding: received, as: UTF8.self), isLast)
    }

    @Test(arguments: passages)
    func `a body arrives whole, framed as the client understands it`(passage: Passage) throws {
        for step in 1...max(passage.sent.utf8.count, 1) {
            let (received, isLast) = try pass(passage, step: step)
            // Chunks are made of what comes at once.
            let isMade = passage.framing == .untilClose && !passage.isOld
            #expect((isMade ? Self.data(received) : received) == (isMade ? "abcde" : passage.received))
            #expect(isLast == !passage.isOpen)
        }
    }

    /// The data of chunks.
    private static func data(_ chunks: String) -> String { decodeChunks(chunks).data }

    @Test func `a connection goes on where both sides know where they are`() {
        for (isOld, keeps, framing, persists) in [
            (false, true, BodyFraming.length(1), true), (false, true, .untilClose, true),
            (false, false, .length(1), false), (true, true, .length(1), true),
            (true, true, .chunked, false),
            (true, true, .untilClose, false),
        ] {
            var codec = ServerCodec()
            var head = RequestHead()
            head.minorVersion = isOld ? 0 : 1
            head.keepsAlive = keeps
            codec.begin(head)
            codec.frame(framing)
            #expect(codec.persists == persists && codec.saidLast == !keeps)
            #expect(codec.takesInterimHeads == !isOld)
            var text = ByteBuffer()
            codec.endHead(to: &text)
            let lines = String(decoding: text.slice.bytes, as: UTF8.self)
            #expect(lines.contains("connection: close\r\n") == !persists)
            #expect(lines.contains("connection: keep-alive\r\n") == (persists && isOld))
            #expect(
                lines.contains("transfer-encoding: chunked\r\n") == (framing == .untilClose && !isOld)
            )
            codec.endAfterExchange()
            #expect(!codec.persists)
        }
    }

    @Test func `what was not understood is the last, whatever came before`() {
        var codec = ServerCodec()
        var head = RequestHead()
        head.minorVersion = 0
        codec.begin(head)
        codec.frame(.untilClose)
        codec.beginUnread()
        var text = ByteBuffer()
        codec.endHead(to: &text)
        #expect(String(decoding: text.slice.bytes, as: UTF8.self) == "connection: close\r\n\r\n")
    }

    @Test func `an upload is followed to its end, and not beyond`() throws {
        for (field, body) in [
            ("Content-Length: 5", "hello"), ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
        ] {
            var relay = BodyRelay(mostFields: 10)
            var codec = ServerCodec()
            var fields = FieldTable(capacity: 10)
            var head = RequestHead()
            let bytes = Array(
                "PUT / HTTP/1.1\r\nHost: h\r\n\(field)\r\n\r\n\(body)GET / HTTP/1.1\r\n".utf8
            )
            let outcome = bytes.withSlice { codec.readHead($0, HeadLimits(), into: &head, &fields) }
            guard case .complete(let length) = outcome else {
                Issue.record("the head is not read")
                return
            }
            codec.begin(head)
            let piece = try bytes[length...].withSlice {
                try codec.readBody($0, as: .chunks, &relay, except: .none)
            }
            #expect(piece.used == body.utf8.count && piece.isLast)
        }
    }
}
