// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The client's end of a stream: requests are lines and data, of which the ``HTTP2Session`` makes frames, and what there is of an
/// answer's body is data.
struct HTTP2Client {
    private(set) var framing = BodyFraming.none
    var hasEndedInput = false

    /// Writes what stands before a request's target.
    static func beginHead(_ method: ByteSlice, to output: inout ByteBuffer) {
        output.append(":method: ")
        output.append(method)
        output.append("\r\n:scheme: http\r\n:path: ")
    }

    mutating func begin(_ head: ResponseHead) { framing = head.framing }

    /// Reads a piece of the answer's body. nghttp2 has seen to it that a length was told truly.
    func readBody(_ bytes: ByteSlice) -> BodyRelay.Piece {
        BodyRelay.Piece(used: bytes.count, bytes: bytes, isLast: hasEndedInput || framing == .none)
    }
}
