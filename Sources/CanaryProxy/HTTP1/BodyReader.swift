// SPDX-License-Identifier: Apache-2.0

/// Knows where a body ends while it passes through, whatever its framing.
struct BodyReader {
    enum Progress: Equatable {
        /// All the bytes up to this offset belong to the body; more must follow.
        case partial(Int)
        /// The body ends at this offset.
        case finished(Int)
        case rejected(Rejection)
    }

    private(set) var framing: BodyFraming
    private var remaining: UInt64 = 0
    private var decoder = ChunkedDecoder()

    init(_ framing: BodyFraming) {
        self.framing = framing
        if case .length(let length) = framing { remaining = length }
    }

    /// Follows the framing through `bytes`, which pass on as they are.
    mutating func pass(_ bytes: UnsafeRawBufferPointer) -> Progress {
        switch framing {
        case .none: return .finished(0)
        case .untilClose: return .partial(bytes.count)
        case .length:
            let count = Int(min(remaining, UInt64(bytes.count)))
            remaining &-= UInt64(count)
            return remaining == 0 ? .finished(count) : .partial(count)
        case .chunked:
            var position = 0
            while true {
                switch decoder.next(bytes, from: &position) {
                case .data: continue
                case .needsMore: return .partial(position)
                case .finished(let end): return .finished(end)
                case .rejected(let rejection): return .rejected(rejection)
                }
            }
        }
    }

    /// The next piece of data of a chunked body, freed from its framing.
    mutating func nextChunkData(_ bytes: UnsafeRawBufferPointer, from position: inout Int)
        -> ChunkedDecoder.Step
    {
        decoder.next(bytes, from: &position)
    }
}
