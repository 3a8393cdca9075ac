// SPDX-License-Identifier: Apache-2.0

/// Reads the header section that requests and responses share: `name: value CRLF …`, ended by an empty line.
///
/// As strict as RFC 9112 allows: CRLF only, no folding, no space around the name, no control characters.
struct FieldParser {
    let bytes: UnsafeRawBufferPointer
    let limits: HeadLimits

    /// Reads fields from `start` on into `table`. `complete` carries the offset behind the empty line.
    func parse(from start: Int, into table: inout FieldTable) -> ParseOutcome {
        var position = start
        while true {
            guard position < bytes.count else { return shortfall }
            if bytes[position] == ASCII.carriageReturn {
                guard position &+ 1 < bytes.count else { return shortfall }
                guard bytes[position &+ 1] == ASCII.lineFeed else { return .rejected(.bareLineEnd) }
                let end = position &+ 2
                return end > limits.headBytes ? .rejected(.headTooLarge) : .complete(end)
            }
            switch line(at: position, into: &table) {
            case .complete(let end): position = end
            case let other: return other
            }
        }
    }

    /// Reads one line; `complete` carries the offset behind it.
    private func line(at start: Int, into table: inout FieldTable) -> ParseOutcome {
        var position = start
        while position < bytes.count, ASCII.isToken(bytes[position]) { position &+= 1 }
        guard position < bytes.count else { return shortfall }
        guard position > start, bytes[position] == ASCII.colon else {
            return .rejected(badName(at: position, start: start))
        }
        let name = ByteRange(start, position)
        let valueStart = position &+ 1
        let valueEnd = endOfValue(from: valueStart)
        guard valueEnd < bytes.count else { return shortfall }
        guard bytes[valueEnd] == ASCII.carriageReturn else {
            return .rejected(bytes[valueEnd] == ASCII.lineFeed ? .bareLineEnd : .controlCharacter)
        }
        guard valueEnd &+ 1 < bytes.count else { return shortfall }
        guard bytes[valueEnd &+ 1] == ASCII.lineFeed else { return .rejected(.bareLineEnd) }
        let field = Field(
            name: name,
            value: trimmed(from: valueStart, to: valueEnd),
            known: KnownField(bytes[name]),
            isDropped: false
        )
        return table.append(field) ? .complete(valueEnd &+ 2) : .rejected(.tooManyFields)
    }

    /// More bytes would help, unless the limit is reached already.
    private var shortfall: ParseOutcome {
        bytes.count >= limits.headBytes ? .rejected(.headTooLarge) : .incomplete
    }

    private func badName(at position: Int, start: Int) -> Rejection {
        switch bytes[position] {
        case ASCII.space, ASCII.tab: position == start ? .foldedLine : .spaceBeforeColon
        case ASCII.lineFeed, ASCII.carriageReturn: .bareLineEnd
        default: .malformedFieldName
        }
    }

    /// The first byte from `start` on that a value cannot hold, eight bytes at a time.
    private func endOfValue(from start: Int) -> Int {
        var position = start
        while true {
            while position &+ 8 <= bytes.count {
                let word = UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                )
                let suspects = Self.controlBytes(word)
                if suspects != 0 {
                    position &+= suspects.trailingZeroBitCount &>> 3
                    break
                }
                position &+= 8
            }
            while position < bytes.count, ASCII.isFieldValue(bytes[position]), bytes[position] != ASCII.tab {
                position &+= 1
            }
            guard position < bytes.count, bytes[position] == ASCII.tab else { return position }
            position &+= 1
        }
    }

    /// The top bit of each byte that is below 0x20 or equal to 0x7F; the lowest one set is exact.
    @inline(__always)
    private static func controlBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let small = (word &- ones &* 0x20) & ~word & tops
        let delete = word ^ (ones &* 0x7F)
        return small | ((delete &- ones) & ~delete & tops)
    }

    private func trimmed(from start: Int, to end: Int) -> ByteRange {
        var lower = start
        var upper = end
        while lower < upper, bytes[lower] == ASCII.space || bytes[lower] == ASCII.tab { lower &+= 1 }
        while upper > lower, bytes[upper &- 1] == ASCII.space || bytes[upper &- 1] == ASCII.tab {
            upper &-= 1
        }
        return ByteRange(lower, upper)
    }
}
