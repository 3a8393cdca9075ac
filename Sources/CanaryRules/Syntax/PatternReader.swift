// SPDX-License-Identifier: Apache-2.0

/// Takes a valid RE2 pattern apart into ``PatternShape/Piece``s. What it does not know it takes for a class that holds
/// everything, so that nothing is concluded from it.
struct PatternReader {
    private var rest: ArraySlice<UInt8>

    init(_ pattern: String) {
        rest = Array(pattern.utf8)[...]
    }

    mutating func read() -> [PatternShape.Piece] {
        var pieces: [PatternShape.Piece] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), take("Q") {
                pieces += quotation()
            } else {
                pieces.append(quantified(atom(byte)))
            }
        }
        return pieces
    }

    private mutating func atom(_ byte: UInt8) -> PatternShape.Atom {
        switch byte {
        case UInt8(ascii: "^"): return .start
        case UInt8(ascii: "$"): return .end
        case UInt8(ascii: "."): return .dot
        case UInt8(ascii: "|"): return .alternative
        case UInt8(ascii: ")"): return .mark
        case UInt8(ascii: "("):
            // Flags and names end with one of these: (?i) (?i: (?P<name>
            if take("?"), let end = rest.firstIndex(where: { ":)>".utf8.contains($0) }) {
                rest = rest[(end + 1)...]
            }
            return .mark
        case UInt8(ascii: "["): return .set(hasSemicolon: classHasSemicolon())
        case UInt8(ascii: "\\"): return rest.popFirst().map(Self.escaped) ?? .mark
        default: return .character(byte)
        }
    }

    private static func escaped(_ byte: UInt8) -> PatternShape.Atom {
        switch byte {
        case UInt8(ascii: "d"), UInt8(ascii: "w"), UInt8(ascii: "s"): .set(hasSemicolon: false)
        case UInt8(ascii: "A"): .start
        case UInt8(ascii: "z"): .end
        case UInt8(ascii: "b"), UInt8(ascii: "B"): .mark
        case _ where isWord(byte): .set(hasSemicolon: true)
        default: .character(byte)
        }
    }

    /// Text up to `\E`, which stands for itself.
    private mutating func quotation() -> [PatternShape.Piece] {
        var text: [PatternShape.Piece] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), take("E") { break }
            text.append(PatternShape.Piece(atom: .character(byte)))
        }
        return text
    }

    /// After the bracket of a class.
    private mutating func classHasSemicolon() -> Bool {
        let isNegated = take("^")
        var found = false
        var previous: UInt8?
        var isFirst = true
        while let byte = rest.popFirst(), byte != UInt8(ascii: "]") || isFirst {
            isFirst = false
            if byte == UInt8(ascii: "["), rest.first == UInt8(ascii: ":"),
                let end = rest.firstIndex(of: UInt8(ascii: "]"))
            {
                // [:alnum:] and the like; a few of them have punctuation.
                let name = String(decoding: rest[..<end], as: UTF8.self)
                if !["alnum", "alpha", "digit", "lower", "upper", "word", "space"].contains(
                    where: name.contains
                ) {
                    found = true
                }
                rest = rest[(end + 1)...]
            } else if byte == UInt8(ascii: "\\") {
                let escape = rest.popFirst()
                found = found || escape.map { "DSWpPx;".utf8.contains($0) } ?? false
                previous = escape
            } else if byte == UInt8(ascii: "-"), let low = previous, let high = rest.first,
                high != UInt8(ascii: "]")
            {
                found = found || low <= UInt8(ascii: ";") && UInt8(ascii: ";") <= high
            } else {
                found = found || byte == UInt8(ascii: ";")
                previous = byte
            }
        }
        return found != isNegated
    }

    private mutating func quantified(_ atom: PatternShape.Atom) -> PatternShape.Piece {
        var piece = PatternShape.Piece(atom: atom)
        if take("*") {
            (piece.isOptional, piece.repeats) = (true, true)
        } else if take("+") {
            piece.repeats = true
        } else if take("?") {
            piece.isOptional = true
        } else if rest.first == UInt8(ascii: "{"), rest.dropFirst().first.map(Self.isDigit) ?? false,
            let end = rest.firstIndex(of: UInt8(ascii: "}"))
        {
            piece.isOptional = rest.dropFirst().first == UInt8(ascii: "0")
            piece.repeats = true
            rest = rest[(end + 1)...]
        }
        // A lazy quantifier.
        if piece.isOptional || piece.repeats { _ = take("?") }
        return piece
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
    }
}
