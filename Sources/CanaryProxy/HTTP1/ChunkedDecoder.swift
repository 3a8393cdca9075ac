// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Follows a chunked body through its framing, a piece at a time, up to where its trailers begin.
///
/// Strict: hexadecimal sizes of at most 15 digits, no white space around them, CRLF only, bounded extensions. Extensions are
/// between the two ends of one connection, so they are left out of what is passed on (RFC 9112, 7.1.1).
struct ChunkedDecoder {
    enum Step: Equatable {
        /// These bytes of the input are data of the body.
        case data(ByteRange)
        /// These bytes say where data begins and ends; they can be passed on as they are.
        case framing(ByteRange)
        /// The input is used up; more must follow.
        case needsMore
        /// The last chunk ended at this offset of the input: trailers follow, or the empty line that stands for none.
        case trailers(Int)
        case rejected(Rejection)
    }

    private enum State: UInt8 {
        case size, `extension`, sizeEnd, data, dataEnd, dataLineFeed, trailers
    }

    static let longestExtension = 256

    /// Bytes of extensions were met since this was last set to false.
    var hasMetExtension = false
    private var state = State.size
    private var digits: UInt8 = 0
    private var extensionBytes: UInt16 = 0
    private var remaining: UInt64 = 0

    /// Reads on from `position`, which moves behind what was read.
    mutating func next(_ bytes: ByteSlice, from position: inout Int) -> Step {
        if state == .extension {
            guard skipExtension(bytes, &position) else { return .rejected(rejectedExtension) }
        }
        if state == .trailers { return .trailers(position) }
        if state == .data, position < bytes.count { return takeData(bytes.count, &position) }
        let start = position
        while position < bytes.count, state != .data, state != .extension, state != .trailers {
            let byte = bytes[position]
            if state == .size, byte == UInt8(ascii: ";"), digits > 0 {
                state = .extension
                break
            }
            if let rejection = take(byte) { return .rejected(rejection) }
            position &+= 1
        }
        if position > start { return .framing(ByteRange(start, position)) }
        return position < bytes.count ? next(bytes, from: &position) : .needsMore
    }

    private mutating func takeData(_ end: Int, _ position: inout Int) -> Step {
        let count = Int(min(remaining, UInt64(end &- position)))
        let range = ByteRange(position, position &+ count)
        position &+= count
        remaining &-= UInt64(count)
        if remaining == 0 { state = .dataEnd }
        return .data(range)
    }

    /// Takes a byte of the framing; what is wrong with it, or `nil`.
    private mutating func take(_ byte: UInt8) -> Rejection? {
        switch state {
        case .size: return takeSize(byte)
        case .sizeEnd:
            guard byte == ASCII.lineFeed else { return .badChunkSize }
            state = remaining == 0 ? .trailers : .data
        case .dataEnd:
            guard byte == ASCII.carriageReturn else { return .badChunkEnd }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == ASCII.lineFeed else { return .badChunkEnd }
            state = .size
            digits = 0
            remaining = 0
            extensionBytes = 0
        case .extension, .data, .trailers: break
        }
        return nil
    }

    private mutating func takeSize(_ byte: UInt8) -> Rejection? {
        if let digit = ASCII.hexDigit(byte) {
            guard digits < 15 else { return .badChunkSize }
            digits &+= 1
            remaining = remaining << 4 | UInt64(digit)
            return nil
        }
        guard digits > 0, byte == ASCII.carriageReturn else { return .badChunkSize }
        state = .sizeEnd
        return nil
    }

    /// Moves behind the extension's bytes that are there; `false` when they are refused.
    private mutating func skipExtension(_ bytes: ByteSlice, _ position: inout Int) -> Bool {
        while position < bytes.count {
            if bytes[position] == ASCII.carriageReturn {
                // Belongs to the framing again.
                state = .size
                return true
            }
            extensionBytes &+= 1
            hasMetExtension = true
            guard extensionBytes <= Self.longestExtension, ASCII.isFieldValue(bytes[position]) else {
                return false
            }
            position &+= 1
        }
        return true
    }

    private var rejectedExtension: Rejection {
        extensionBytes > Self.longestExtension ? .chunkExtensionTooLong : .badChunkSize
    }
}
