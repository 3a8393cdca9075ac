// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Turns what comes over a client's connection into requests, and answers into what goes over it.
///
/// The set is closed: a protocol is a case with its state, and nothing outside asks which it is. A head's lines are the same
/// text for all: a codec writes what stands before and behind them. HTTP/1 has one exchange at a time.
enum ServerCodec {
    case http1(HTTP1Server)

    // MARK: - Requests

    /// Reads a request's head at the start of `bytes`, of which more may be there than the last time; `head` and `fields` are undefined unless it is complete.
    @inline(__always)
    mutating func readHead(
        _ bytes: UnsafeRawBufferPointer,
        _ limits: HeadLimits,
        into head: inout RequestHead,
        _ fields: inout FieldTable
    ) -> ParseOutcome {
        switch self {
        case .http1(var codec):
            defer { self = .http1(codec) }
            return codec.readHead(bytes, limits, into: &head, &fields)
        }
    }

    /// The request whose head was read becomes the present one.
    @inline(__always)
    mutating func begin(_ head: RequestHead) {
        switch self {
        case .http1(var codec):
            codec.begin(head)
            self = .http1(codec)
        }
    }

    /// What the client sent cannot be read as a request: it gets an answer, and no other one.
    mutating func beginUnread() {
        switch self {
        case .http1(var codec):
            codec.beginUnread()
            self = .http1(codec)
        }
    }

    /// Reads a piece of the request's body. `changes` are the route's to the head.
    @inline(__always)
    mutating func readBody(
        _ bytes: UnsafeRawBufferPointer,
        _ relay: inout BodyRelay,
        except changes: UnsafeBufferPointer<HeaderEdit>
    ) throws(Rejection) -> BodyRelay.Piece {
        switch self {
        case .http1(var codec):
            defer { self = .http1(codec) }
            return try codec.readBody(bytes, &relay, except: changes)
        }
    }

    // MARK: - Between exchanges

    /// Whether the connection goes on when the present exchange is over.
    var persists: Bool {
        switch self {
        case .http1(let codec): codec.persists
        }
    }

    /// Whether the client said that the present request is its last.
    var saidLast: Bool {
        switch self {
        case .http1(let codec): codec.saidLast
        }
    }

    /// Has the connection end with the present exchange, and the answer say so.
    @inline(__always)
    mutating func endAfterExchange() {
        switch self {
        case .http1(var codec):
            codec.endAfterExchange()
            self = .http1(codec)
        }
    }

    // MARK: - Answers

    var takesInterimHeads: Bool {
        switch self {
        case .http1(let codec): codec.takesInterimHeads
        }
    }

    /// Whether only a broken connection tells the client that an answer stays incomplete.
    var endsByClosing: Bool {
        switch self {
        case .http1(let codec): codec.endsByClosing
        }
    }

    /// An answer begins whose body ends as `source` says.
    @inline(__always)
    mutating func frame(_ source: BodyFraming) {
        switch self {
        case .http1(var codec):
            codec.frame(source)
            self = .http1(codec)
        }
    }

    var bodyForm: BodyForm {
        switch self {
        case .http1(let codec): codec.bodyForm
        }
    }

    @inline(__always)
    func write(_ piece: BodyRelay.Piece, _ relay: inout BodyRelay) -> UnsafeRawBufferPointer {
        switch self {
        case .http1(let codec): codec.write(piece, &relay)
        }
    }

    /// What ends a body that came without an end of its own; empty for nothing.
    var bodyEnd: StaticString {
        switch self {
        case .http1(let codec): codec.bodyEnd
        }
    }

    func beginHead(_ status: Int32, _ reason: ByteSlice, to output: inout ByteBuffer) {
        switch self {
        case .http1: HTTP1Server.beginHead(status, reason, to: &output)
        }
    }

    func endHead(to output: inout ByteBuffer) {
        switch self {
        case .http1(let codec): codec.endHead(to: &output)
        }
    }

    func endInterimHead(switchingTo upgrade: ByteSlice = ByteSlice(), to output: inout ByteBuffer) {
        switch self {
        case .http1: HTTP1Server.endInterimHead(switchingTo: upgrade, to: &output)
        }
    }
}
