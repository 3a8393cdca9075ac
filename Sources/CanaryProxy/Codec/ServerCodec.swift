// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Turns what comes over a client's connection into requests, and answers into what goes over it.
///
/// The set is closed: a protocol is a case, with its state beside it so that it is changed in place, and nothing outside asks
/// which it is. A head's lines are the same text for all: a codec writes what stands before and behind them. HTTP/1 has one
/// exchange at a time.
struct ServerCodec {
    enum Kind { case http1 }

    private let kind = Kind.http1
    private var http1 = HTTP1Server()

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
        }
    }

    /// The request whose head was read becomes the present one.
    @inline(__always)
    mutating func begin(_ head: RequestHead) {
        switch kind {
        case .http1: http1.begin(head)
        }
    }

    /// What the client sent cannot be read as a request: it gets an answer, and no other one.
    mutating func beginUnread() {
        switch kind {
        case .http1: http1.beginUnread()
        }
    }

    /// Reads a piece of the request's body. `changes` are the route's to the head.
    @inline(__always)
    mutating func readBody(
        _ bytes: ByteSlice,
        _ relay: inout BodyRelay,
        except changes: BorrowedList<HeaderEdit>
    ) throws(Rejection) -> BodyRelay.Piece {
        switch kind {
        case .http1: try http1.readBody(bytes, &relay, except: changes)
        }
    }

    // MARK: - Between exchanges

    /// Whether the connection goes on when the present exchange is over.
    var persists: Bool {
        switch kind {
        case .http1: http1.persists
        }
    }

    /// Whether the client said that the present request is its last.
    var saidLast: Bool {
        switch kind {
        case .http1: http1.saidLast
        }
    }

    /// Has the connection end with the present exchange, and the answer say so.
    @inline(__always)
    mutating func endAfterExchange() {
        switch kind {
        case .http1: http1.endAfterExchange()
        }
    }

    // MARK: - Answers

    var takesInterimHeads: Bool {
        switch kind {
        case .http1: http1.takesInterimHeads
        }
    }

    /// Whether only a broken connection tells the client that an answer stays incomplete.
    var endsByClosing: Bool {
        switch kind {
        case .http1: http1.endsByClosing
        }
    }

    /// An answer begins whose body ends as `source` says.
    @inline(__always)
    mutating func frame(_ source: BodyFraming) {
        switch kind {
        case .http1: http1.frame(source)
        }
    }

    var bodyForm: BodyForm {
        switch kind {
        case .http1: http1.bodyForm
        }
    }

    @inline(__always)
    func write(_ piece: BodyRelay.Piece, _ relay: inout BodyRelay) -> ByteSlice {
        switch kind {
        case .http1: http1.write(piece, &relay)
        }
    }

    /// What ends a body that came without an end of its own; empty for nothing.
    var bodyEnd: StaticString {
        switch kind {
        case .http1: http1.bodyEnd
        }
    }

    func beginHead(_ status: Int32, _ reason: ByteSlice, to output: inout ByteBuffer) {
        switch kind {
        case .http1: HTTP1Server.beginHead(status, reason, to: &output)
        }
    }

    func endHead(to output: inout ByteBuffer) {
        switch kind {
        case .http1: http1.endHead(to: &output)
        }
    }

    func endInterimHead(switchingTo upgrade: ByteSlice = ByteSlice(), to output: inout ByteBuffer) {
        switch kind {
        case .http1: HTTP1Server.endInterimHead(switchingTo: upgrade, to: &output)
        }
    }
}
