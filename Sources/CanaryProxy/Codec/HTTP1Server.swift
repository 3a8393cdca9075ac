// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The server's end of an HTTP/1 connection: reads requests, one after the other, and puts answers on it.
struct HTTP1Server {
    /// How the body of the present answer is put on the connection.
    private enum Framing: UInt8 {
        /// As it comes: of a known length, or none at all.
        case none
        /// Not at all, which has to be said.
        case empty
        /// In chunks, which come as such.
        case chunks
        /// In chunks, which are made here: the answer ends with the upstream's connection.
        case madeChunks
        /// As data up to the connection's end: HTTP/1.0 knows no chunks.
        case untilClose
    }

    private var progress = HeadProgress()
    private var body = BodyReader(.none)
    private var isOld = false
    /// The body of the present request comes in chunks.
    private(set) var isChunked = false
    private var framing = Framing.none
    /// The client said that the present request is its last.
    private(set) var saidLast = false
    /// The connection goes on when the present exchange is over.
    private(set) var persists = true

    // MARK: - Requests

    /// Reads a request's head, of which more may be there than the last time.
    mutating func readHead(
        _ bytes: ByteSlice,
        _ limits: HeadLimits,
        into head: inout RequestHead,
        _ fields: inout FieldTable
    ) -> ParseOutcome {
        RequestParser(limits: limits).parse(bytes, after: &progress, into: &head, fields: &fields)
    }

    /// A request begins whose head was read.
    mutating func begin(_ head: RequestHead) {
        body = BodyReader(head.framing)
        isChunked = head.framing == .chunked
        isOld = head.minorVersion == 0
        framing = .none
        saidLast = !head.keepsAlive
        persists = head.keepsAlive
    }

    /// What the client sent cannot be read as a request: it gets an answer, and no other one.
    mutating func beginUnread() {
        self = HTTP1Server()
        persists = false
    }

    /// Reads a piece of the request's body in the form that the other end wants.
    mutating func readBody(
        _ bytes: ByteSlice,
        as form: BodyForm,
        _ relay: inout BodyRelay,
        except changes: BorrowedList<HeaderEdit>
    ) throws(Rejection) -> BodyRelay.Piece {
        if isChunked, form == .data { return try relay.data(of: bytes, through: &body, except: changes) }
        return try relay.pass(bytes, through: &body, except: changes)
    }

    /// Nothing that the client sends after the present exchange is looked at.
    mutating func endAfterExchange() { persists = false }

    // MARK: - Answers

    /// HTTP/1.0 knows no answers before the answer.
    var takesInterimHeads: Bool { !isOld }

    /// The client can tell the answer's end by the connection's end alone.
    var endsByClosing: Bool { framing == .untilClose }

    /// An answer begins whose body ends as `source` says.
    mutating func frame(_ source: BodyFraming) {
        switch source {
        case .none, .length: framing = .none
        case .chunked: framing = isOld ? .untilClose : .chunks
        case .untilClose: framing = isOld ? .untilClose : .madeChunks
        }
        if framing == .untilClose { persists = false }
    }

    mutating func sayEmpty() { framing = .empty }

    /// The form in which the answer's body is wanted.
    var bodyForm: BodyForm { framing == .chunks ? .chunks : .data }

    /// What goes on the connection of a piece of the body that came in ``bodyForm``.
    func write(_ piece: BodyRelay.Piece, _ relay: inout BodyRelay) -> ByteSlice {
        framing == .madeChunks ? relay.chunk(piece.bytes) : piece.bytes
    }

    /// What ends a body that came without an end of its own, with the lines of its trailers.
    func end(trailers: ByteSlice, _ relay: inout BodyRelay) -> ByteSlice {
        framing == .madeChunks ? relay.chunk(ByteSlice(), isLast: true, trailers: trailers) : ByteSlice()
    }

    /// Writes what stands before the lines of an answer's head.
    static func beginHead(_ status: Int32, _ reason: ByteSlice, to output: inout ByteBuffer) {
        output.append("HTTP/1.1 ")
        output.append(decimal: UInt64(max(status, 0)), width: 3)
        output.append(" ")
        output.append(reason)
        output.append("\r\n")
    }

    /// Writes what follows the lines of an answer's head.
    func endHead(to output: inout ByteBuffer) {
        if framing == .chunks || framing == .madeChunks { output.append("transfer-encoding: chunked\r\n") }
        if framing == .empty { output.append("content-length: 0\r\n") }
        if !persists {
            output.append("connection: close\r\n")
        } else if isOld {
            output.append("connection: keep-alive\r\n")
        }
        output.append("\r\n")
    }

    /// Writes what follows the lines of a head behind which another head comes (1xx), or another protocol.
    static func endInterimHead(switchingTo upgrade: ByteSlice = ByteSlice(), to output: inout ByteBuffer) {
        output.appendUpgrade(upgrade)
        output.append("\r\n")
    }
}

extension ByteBuffer {
    /// The fields of a request or answer that switches protocols; nothing for a missing one.
    mutating func appendUpgrade(_ upgrade: ByteSlice) {
        guard !upgrade.isMissing else { return }
        append("connection: upgrade\r\nupgrade: ")
        append(upgrade)
        append("\r\n")
    }
}
