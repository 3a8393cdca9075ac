// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Reads the header section that requests and responses share: `name: value CRLF …`, ended by an empty line.
///
/// As strict as RFC 9112 allows: CRLF only, no folding, no space around the name, no control characters.
struct FieldParser {
    let bytes: ByteSlice
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
    @inline(__always)
    private func line(at start: Int, into table: inout FieldTable) -> ParseOutcome {
        let position = endOfName(from: start)
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

    /// The first byte from `start` on that a name cannot hold, eight at a time.
    @inline(__always)
    private func endOfName(from start: Int) -> Int {
        var position = start
        while let word = word(at: position) {
            let others = word.uncommonInNames
            guard others != 0 else {
                position &+= 8
                continue
            }
            position &+= ByteWord.first(of: others)
            guard ASCII.isToken(bytes[position]) else { return position }
            position &+= 1
        }
        while position < bytes.count, ASCII.isToken(bytes[position]) { position &+= 1 }
        return position
    }

    /// The first byte from `start` on that a value cannot hold, eight at a time.
    @inline(__always)
    private func endOfValue(from start: Int) -> Int {
        var position = start
        while let word = word(at: position) {
            let controls = word.controls
            guard controls != 0 else {
                position &+= 8
                continue
            }
            position &+= ByteWord.first(of: controls)
            guard bytes[position] == ASCII.tab else { return position }
            position &+= 1
        }
        while position < bytes.count, ASCII.isFieldValue(bytes[position]) { position &+= 1 }
        return position
    }

    /// The eight bytes at an offset; `nil` where there are fewer.
    @inline(__always)
    private func word(at offset: Int) -> ByteWord? {
        guard let base = unsafe bytes.base, offset &+ 8 <= bytes.count else { return nil }
        return unsafe ByteWord(base + offset)
    }

    @inline(__always)
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
