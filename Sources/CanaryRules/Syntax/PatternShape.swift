// SPDX-License-Identifier: Apache-2.0

/// What a valid regular expression is made of: enough to guess what its author had in mind, and no more.
struct PatternShape {
    enum Atom: Hashable {
        case character(UInt8)
        case dot
        /// A class of characters; whether a semicolon is in it.
        case set(hasSemicolon: Bool)
        /// The beginning of a group, its end, flags, a boundary of words.
        case mark
        case alternative
        case start, end
    }

    struct Piece: Hashable {
        var atom: Atom
        /// How often it is asked for at least, and whether it can be more than once.
        var isOptional = false
        var repeats = false
    }

    let pieces: [Piece]

    init(_ pattern: String) {
        var reader = PatternReader(pattern)
        pieces = reader.read()
    }

    var isAnchoredAtStart: Bool { pieces.first?.atom == .start }
    var isAnchoredAtEnd: Bool { pieces.last?.atom == .end }

    /// The text that it stands for, anchors at its ends left out; `nil` where it has groups, classes, alternatives or
    /// repetitions. A dot counts as itself: people forget to escape it.
    var literal: String? {
        let inner = pieces.dropFirst(isAnchoredAtStart ? 1 : 0).dropLast(isAnchoredAtEnd ? 1 : 0)
        var text: [UInt8] = []
        for piece in inner {
            guard !piece.isOptional, !piece.repeats else { return nil }
            switch piece.atom {
            case .character(let byte): text.append(byte)
            case .dot: text.append(UInt8(ascii: "."))
            default: return nil
            }
        }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }

    /// The character with which each matching text begins; `nil` where there can be several.
    var firstCharacter: UInt8? {
        // A group that may be missing leaves several beginnings, as alternatives do.
        guard !pieces.contains(where: { $0.atom == .alternative || $0.atom == .mark && $0.isOptional }),
            let first = pieces.first(where: { $0.atom != .mark && $0.atom != .start }), !first.isOptional,
            case .character(let byte) = first.atom
        else { return nil }
        return byte
    }

    /// Whether it is made of words and alternatives alone, and asks for nothing that stands between words.
    var isWords: Bool {
        pieces.allSatisfy { piece in
            switch piece.atom {
            case .character(let byte): !piece.repeats && !Self.separators.contains(byte)
            case .mark, .alternative, .start, .end: true
            case .dot, .set: false
            }
        }
    }

    /// Whether it can match a list of values: it names a semicolon, or repeats something that can be one, be it in a group.
    var takesLists: Bool {
        let repeatsGroup = pieces.contains { $0.atom == .mark && $0.repeats }
        return pieces.contains { piece in
            switch piece.atom {
            case .character(let byte): byte == UInt8(ascii: ";")
            case .dot: piece.repeats || repeatsGroup
            case .set(let hasSemicolon): hasSemicolon && (piece.repeats || repeatsGroup)
            default: false
            }
        }
    }

    private static let separators = Set(" /;,()".utf8)
}
