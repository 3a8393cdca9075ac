// SPDX-License-Identifier: Apache-2.0

/// Follows a chunked body through its framing, a piece at a time, without keeping any of it.
///
/// Strict: hexadecimal sizes of at most 15 digits, no white space around them, CRLF only, bounded extensions and
/// trailers, and no trailer that would change how the message is framed or addressed.
struct ChunkedDecoder {
    enum Step: Equatable {
        /// These bytes of the input are data of the body.
        case data(ByteRange)
        /// The input is used up; more must follow.
        case needsMore
        /// The body ended at this offset of the input.
        case finished(Int)
        case rejected(Rejection)
    }

    private enum State: UInt8 {
        case size, `extension`, sizeEnd, data, dataEnd, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, lastLineFeed
    }

    static let longestExtension = 256
    static let longestTrailers = 16_384

    private var state = State.size
    private var digits: UInt8 = 0
    private var remaining: UInt64 = 0
    private var extensionBytes = 0
    private var trailerBytes = 0
    private var trailerName = TrailerName()

    /// Reads on from `position`, which moves behind what was read.
    mutating func next(_ bytes: UnsafeRawBufferPointer, from position: inout Int) -> Step {
        while position < bytes.count {
            if state == .data { return takeData(bytes.count, &position) }
            let byte = bytes[position]
            position &+= 1
            if state == .lastLineFeed {
                return byte == ASCII.lineFeed ? .finished(position) : .rejected(.bareLineEnd)
            }
            if let rejection = take(byte) { return .rejected(rejection) }
        }
        return .needsMore
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
        case .extension: return takeExtension(byte)
        case .sizeEnd:
            guard byte == ASCII.lineFeed else { return .badChunkSize }
            state = remaining == 0 ? .trailerStart : .data
        case .dataEnd:
            guard byte == ASCII.carriageReturn else { return .badChunkEnd }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == ASCII.lineFeed else { return .badChunkEnd }
            state = .size
            digits = 0
            remaining = 0
            extensionBytes = 0
        default: return takeTrailer(byte)
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
        guard digits > 0 else { return .badChunkSize }
        switch byte {
        case ASCII.carriageReturn: state = .sizeEnd
        case UInt8(ascii: ";"): state = .extension
        default: return .badChunkSize
        }
        return nil
    }

    private mutating func takeExtension(_ byte: UInt8) -> Rejection? {
        if byte == ASCII.carriageReturn {
            state = .sizeEnd
            return nil
        }
        extensionBytes &+= 1
        guard extensionBytes <= Self.longestExtension else { return .chunkExtensionTooLong }
        return ASCII.isFieldValue(byte) ? nil : .badChunkSize
    }

    private mutating func takeTrailer(_ byte: UInt8) -> Rejection? {
        trailerBytes &+= 1
        guard trailerBytes <= Self.longestTrailers else { return .trailersTooLarge }
        switch state {
        case .trailerStart where byte == ASCII.carriageReturn: state = .lastLineFeed
        case .trailerStart, .trailerName: return takeTrailerName(byte)
        case .trailerValue:
            if byte == ASCII.carriageReturn {
                state = .trailerLineFeed
            } else if !ASCII.isFieldValue(byte) {
                return .badTrailer
            }
        default:
            guard byte == ASCII.lineFeed else { return .badTrailer }
            state = .trailerStart
        }
        return nil
    }

    private mutating func takeTrailerName(_ byte: UInt8) -> Rejection? {
        if state == .trailerStart { trailerName = TrailerName() }
        if byte == ASCII.colon, state == .trailerName {
            guard !trailerName.isForbidden else { return .badTrailer }
            state = .trailerValue
            return nil
        }
        guard ASCII.isToken(byte) else { return .badTrailer }
        trailerName.append(byte)
        state = .trailerName
        return nil
    }
}

/// A trailer's name as it passes by: its first bytes in lower case, enough to know the forbidden ones.
private struct TrailerName {
    private var low: UInt64 = 0
    private var high: UInt64 = 0
    private var count = 0

    mutating func append(_ byte: UInt8) {
        let lower = UInt64(ASCII.lowercase(byte))
        if count < 8 {
            low |= lower << UInt64(count &* 8)
        } else if count < 16 {
            high |= lower << UInt64((count &- 8) &* 8)
        }
        count &+= 1
    }

    /// Frames, addresses or routes the message, so it may only stand in the head (RFC 9110, 6.5.1).
    var isForbidden: Bool {
        for name in Self.forbidden where equals(name) { return true }
        return false
    }

    private func equals(_ name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else { return false }
        var other = TrailerName()
        for index in 0..<name.utf8CodeUnitCount { other.append(name.utf8Start[index]) }
        return low == other.low && high == other.high
    }

    private static let forbidden: [StaticString] = [
        "content-length", "transfer-encoding", "host", "connection", "te", "trailer", "upgrade", "expect",
        "keep-alive", "authorization", "set-cookie", "cookie", "content-type", "content-encoding",
        "content-range",
    ]
}
