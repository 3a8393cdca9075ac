// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Turns what comes over a client's connection into requests, and answers into what goes over it.
///
/// The set is closed: a protocol is a case, with its state beside it so that it is changed in place, and nothing outside asks
/// which it is. A head's lines are the same text for all: a codec writes what stands before and behind them. HTTP/1 has one
/// exchange at a time on a connection; a stream of HTTP/2 has one in all, and its head comes from its ``HTTP2Session``.
struct ServerCodec {
    enum Kind { case http1, http2 }

    private let kind: Kind
    private var http1 = HTTP1Server()
    private var http2 = HTTP2Server()

    init(_ kind: Kind = .http1) { self.kind = kind }

    /// The client's side of a stream ended: what was received is the rest of its body.
    mutating func endInput(trailers: ByteSlice) { http2.endInput(trailers: trailers) }

    /// Whether the end of a body is there, of which the exchange may not know yet.
    var hasEndedInput: Bool { kind == .http2 && http2.hasEndedInput }

    // MARK: - Requests

    /// Reads a request's head at the start of `bytes`, of which more may be there than the last time; `head` and
    /// `fields` are undefined unless it is complete.
    @inline(__always)
    mutating func readHead(
        _ bytes: ByteSlice,
        _ limits: HeadLimits,
        into head: inout RequestHead,
        _ fields: inout FieldTable
    ) -> ParseOutcome {
        switch kind {
        case .http1: http1.readHead(bytes, limits, into: &head, &fields)
        case .http2: .rejected(.unsupportedVersion)
        }
    }

    /// The request whose head was read becomes the present one.
    @inline(__always)
    mutating func begin(_ head: RequestHead) {
        switch kind {
        case .http1: http1.begin(head)
        case .http2: http2.begin(head)
        }
    }

    /// What the client sent cannot be read as a request: it gets an answer, and no other one.
    mutating func beginUnread() {
        switch kind {
        case .http1: http1.beginUnread()
        case .http2: break
        }
    }

    /// Reads a piece of the request's body in the form that the other end wants. `changes` are the route's to the head.
    @inline(__always)
    mutating func readBody(
        _ bytes: ByteSlice,
        as form: BodyForm,
        _ relay: inout BodyRelay,
        except changes: BorrowedList<HeaderEdit>
    ) throws(Rejection) -> BodyRelay.Piece {
        switch kind {
        case .http1: try http1.readBody(bytes, as: form, &relay, except: changes)
        case .http2: http2.readBody(bytes, as: form, &relay, except: changes)
        }
    }

    /// The lines of the trailers of a body that was just read to its end as data.
    func trailers(_ relay: borrowing BodyRelay) -> ByteSlice {
        switch kind {
        case .http1: http1.isChunked ? relay.trailerText : ByteSlice()
        case .http2: relay.trailerText
        }
    }

    // MARK: - Between exchanges

    /// Whether the connection goes on when the present exchange is over.
    var persists: Bool {
        switch kind {
        case .http1: http1.persists
        case .http2: false
        }
    }

    /// Whether the client said that the present request is its last.
    var saidLast: Bool {
        switch kind {
        case .http1: http1.saidLast
        case .http2: false
        }
    }

    /// Has the connection end with the present exchange, and the answer say so.
    @inline(__always)
    mutating func endAfterExchange() {
        switch kind {
        case .http1: http1.endAfterExchange()
        case .http2: break
        }
    }

    // MARK: - Answers

    var takesInterimHeads: Bool {
        switch kind {
        case .http1: http1.takesInterimHeads
        case .http2: true
        }
    }

    /// Whether only a broken connection tells the client that an answer stays incomplete.
    var endsByClosing: Bool {
        switch kind {
        case .http1: http1.endsByClosing
        case .http2: true
        }
    }

    /// An answer begins whose body ends as `source` says.
    @inline(__always)
    mutating func frame(_ source: BodyFraming) {
        switch kind {
        case .http1: http1.frame(source)
        case .http2: break
        }
    }

    /// The client is to be told that there is no body, which the answer's lines do not say.
    mutating func sayEmpty() {
        switch kind {
        case .http1: http1.sayEmpty()
        case .http2: break
        }
    }

    var bodyForm: BodyForm {
        switch kind {
        case .http1: http1.bodyForm
        case .http2: .data
        }
    }

    @inline(__always)
    func write(_ piece: BodyRelay.Piece, _ relay: inout BodyRelay) -> ByteSlice {
        switch kind {
        case .http1: http1.write(piece, &relay)
        case .http2: piece.bytes
        }
    }

    /// What ends a body that came without an end of its own, with the lines of its trailers; empty for nothing.
    func end(trailers: ByteSlice, _ relay: inout BodyRelay) -> ByteSlice {
        switch kind {
        case .http1: http1.end(trailers: trailers, &relay)
        case .http2: ByteSlice()
        }
    }

    func beginHead(_ status: Int32, _ reason: ByteSlice, to output: inout ByteBuffer) {
        switch kind {
        case .http1: HTTP1Server.beginHead(status, reason, to: &output)
        case .http2: HTTP2Server.beginHead(status, to: &output)
        }
    }

    func endHead(to output: inout ByteBuffer) {
        switch kind {
        case .http1: http1.endHead(to: &output)
        case .http2: output.append("\r\n")
        }
    }

    func endInterimHead(switchingTo upgrade: ByteSlice = ByteSlice(), to output: inout ByteBuffer) {
        switch kind {
        case .http1: HTTP1Server.endInterimHead(switchingTo: upgrade, to: &output)
        case .http2: output.append("\r\n")
        }
    }
}
