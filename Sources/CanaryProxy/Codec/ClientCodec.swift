// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Turns requests into what goes over a connection to an endpoint, and what comes over it into answers.
///
/// The set is closed, as that of ``ServerCodec``.
struct ClientCodec {
    enum Kind { case http1, http2 }

    private let kind: Kind
    private var http1 = HTTP1Client()
    private var http2 = HTTP2Client()

    init(_ kind: Kind = .http1) { self.kind = kind }

    /// The endpoint's side of a stream ended: what was received is the rest of its body.
    mutating func endInput(trailers: ByteSlice) { http2.endInput(trailers: trailers) }

    /// The form in which the body of a request is wanted that came without a known length.
    var requestForm: BodyForm { kind == .http2 ? .data : .chunks }

    // MARK: - Requests

    func beginHead(_ method: ByteSlice, _ scheme: ByteSlice, to output: inout ByteBuffer) {
        switch kind {
        case .http1: HTTP1Client.beginHead(method, to: &output)
        case .http2: HTTP2Client.beginHead(method, scheme, to: &output)
        }
    }

    func separateAuthority(to output: inout ByteBuffer) {
        switch kind {
        case .http1: HTTP1Client.separateAuthority(to: &output)
        case .http2: output.append("\r\n:authority: ")
        }
    }

    func beginLines(to output: inout ByteBuffer) {
        switch kind {
        case .http1: HTTP1Client.beginLines(to: &output)
        case .http2: output.append("\r\n")
        }
    }

    func endHead(_ framing: BodyFraming, switchingTo upgrade: ByteSlice, to output: inout ByteBuffer) {
        switch kind {
        case .http1: HTTP1Client.endHead(framing, switchingTo: upgrade, to: &output)
        case .http2: output.append("\r\n")
        }
    }

    // MARK: - Answers

    /// Reads an answer's head at the start of `bytes`, of which more may be there than the last time;
    /// `method` is that of the request.
    @inline(__always)
    mutating func readHead(
        _ bytes: ByteSlice,
        _ limits: HeadLimits,
        method: RequestMethod,
        into head: inout ResponseHead,
        _ fields: inout FieldTable
    ) -> ParseOutcome {
        switch kind {
        case .http1: http1.readHead(bytes, limits, method: method, into: &head, &fields)
        case .http2: .rejected(.malformedStatusLine)
        }
    }

    /// The final answer whose head was read becomes the present one.
    @inline(__always)
    mutating func begin(_ head: ResponseHead) {
        switch kind {
        case .http1: http1.begin(head)
        case .http2: http2.begin(head)
        }
    }

    /// Reads a piece of the answer's body in the form that the other end wants. `changes` are the route's to the head.
    @inline(__always)
    mutating func readBody(
        _ bytes: ByteSlice,
        as form: BodyForm,
        _ relay: inout BodyRelay,
        except changes: BorrowedList<HeaderEdit>
    ) throws(Rejection) -> BodyRelay.Piece {
        switch kind {
        case .http1: try http1.readBody(bytes, as: form, &relay, except: changes)
        case .http2: http2.readBody(bytes, &relay, except: changes)
        }
    }

    /// The lines of the trailers of a body that was just read to its end.
    func trailers(_ relay: borrowing BodyRelay) -> ByteSlice {
        switch kind {
        case .http1: http1.framing == .chunked ? relay.trailerText : ByteSlice()
        case .http2: relay.trailerText
        }
    }

    /// How the present answer's body ends.
    var framing: BodyFraming {
        switch kind {
        case .http1: http1.framing
        case .http2: http2.framing
        }
    }

    /// Whether the connection can be used again behind the present answer.
    var persists: Bool {
        switch kind {
        case .http1: http1.persists
        case .http2: false
        }
    }
}
