// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The server's end of a stream: what there is of a request's body is data, and answers are lines and data, of which the
/// ``HTTP2Session`` makes frames.
struct HTTP2Server {
    private var framing = BodyFraming.none
    private(set) var hasEndedInput = false
    /// The lines of the fields behind the body; the stream's own, which lives longer than the exchange.
    private var trailers = ByteSlice()

    /// A request begins whose head was read.
    mutating func begin(_ head: RequestHead) { framing = head.framing }

    mutating func endInput(trailers: ByteSlice) {
        hasEndedInput = true
        self.trailers = trailers
    }

    /// Reads a piece of the request's body in the form that the other end wants: chunks are made where it has no known length.
    /// nghttp2 has seen to it that a length was told truly; behind it there may still be trailers.
    func readBody(
        _ bytes: ByteSlice,
        as form: BodyForm,
        _ relay: inout BodyRelay,
        except changes: BorrowedList<HeaderEdit>
    ) -> BodyRelay.Piece {
        if hasEndedInput { relay.take(trailers: trailers, except: changes) }
        guard framing == .chunked, form == .chunks else {
            return BodyRelay.Piece(used: bytes.count, bytes: bytes, isLast: hasEndedInput)
        }
        let lines = relay.trailerText
        let chunk = relay.chunk(bytes, isLast: hasEndedInput, trailers: lines)
        return BodyRelay.Piece(used: bytes.count, bytes: chunk, isLast: hasEndedInput)
    }

    /// Writes what stands before the lines of an answer's head: HTTP/2 has no reasons, and switches no protocols: a WebSocket is one
    /// that was granted (RFC 8441, 5).
    static func beginHead(_ status: Int32, to output: inout ByteBuffer) {
        output.append(":status: ")
        output.append(decimal: UInt64(status == 101 ? 200 : max(status, 0)), width: 3)
        output.append("\r\n")
    }
}
