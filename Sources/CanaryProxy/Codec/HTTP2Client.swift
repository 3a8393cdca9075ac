// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The client's end of a stream: requests are lines and data, of which the ``HTTP2Session`` makes frames, and what there is of an
/// answer's body is data.
struct HTTP2Client {
    private(set) var framing = BodyFraming.none
    private var hasEndedInput = false
    /// The lines of the fields behind the body; the stream's own, which lives longer than the exchange.
    private var trailers = ByteSlice()

    /// Writes what stands before a request's target.
    static func beginHead(_ method: ByteSlice, _ scheme: ByteSlice, to output: inout ByteBuffer) {
        output.append(":method: ")
        output.append(method)
        output.append("\r\n:scheme: ")
        output.append(scheme)
        output.append("\r\n:path: ")
    }

    mutating func begin(_ head: ResponseHead) { framing = head.framing }

    mutating func endInput(trailers: ByteSlice) {
        hasEndedInput = true
        self.trailers = trailers
    }

    /// Reads a piece of the answer's body. nghttp2 has seen to it that a length was told truly; the stream's end alone is the
    /// answer's, since trailers may follow an empty body, too.
    func readBody(
        _ bytes: ByteSlice,
        _ relay: inout BodyRelay,
        except changes: BorrowedList<HeaderEdit>
    ) -> BodyRelay.Piece {
        if hasEndedInput { relay.take(trailers: trailers, except: changes) }
        return BodyRelay.Piece(used: bytes.count, bytes: bytes, isLast: hasEndedInput)
    }
}
