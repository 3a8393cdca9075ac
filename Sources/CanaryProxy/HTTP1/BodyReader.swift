// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Knows where a body ends while it passes through, whatever its framing.
struct BodyReader {
    enum Progress: Equatable {
        /// All the bytes up to this offset belong to the body; more must follow.
        case partial(Int)
        /// The body ends at this offset.
        case finished(Int)
        /// A chunked body's data ends at this offset; its trailer section follows and is not read here.
        case trailers(Int)
        case rejected(Rejection)
    }

    private(set) var framing: BodyFraming
    private var remaining: UInt64 = 0
    private var decoder = ChunkedDecoder()
    /// Of the section behind a chunked body's data.
    var trailerProgress = HeadProgress()

    init(_ framing: BodyFraming) {
        self.framing = framing
        if case .length(let length) = framing { remaining = length }
    }

    /// Follows the framing through `bytes`. Unless ``leavesOut`` says otherwise afterwards, they pass on as they are.
    mutating func pass(_ bytes: ByteSlice) -> Progress {
        switch framing {
        case .none: return .finished(0)
        case .untilClose: return .partial(bytes.count)
        case .length:
            let count = Int(min(remaining, UInt64(bytes.count)))
            remaining &-= UInt64(count)
            return remaining == 0 ? .finished(count) : .partial(count)
        case .chunked:
            decoder.hasMetExtension = false
            var position = 0
            while true {
                switch decoder.next(bytes, from: &position) {
                case .data, .framing: continue
                case .needsMore: return .partial(position)
                case .trailers(let start): return .trailers(start)
                case .rejected(let rejection): return .rejected(rejection)
                }
            }
        }
    }

    /// Some of the bytes that ``pass(_:)`` last followed belong to this connection only: ``nextPiece(_:from:)`` tells which not.
    var leavesOut: Bool { decoder.hasMetExtension }

    /// The next piece of a chunked body: its data, and the framing around it.
    mutating func nextPiece(_ bytes: ByteSlice, from position: inout Int) -> ChunkedDecoder.Step {
        decoder.next(bytes, from: &position)
    }
}
