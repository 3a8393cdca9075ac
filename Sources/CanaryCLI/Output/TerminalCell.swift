// SPDX-License-Identifier: Apache-2.0

/// One character of a text as a terminal shows it, and how many columns it takes there.
struct TerminalCell {
    let text: String
    let width: Int

    var isBlank: Bool { text.allSatisfy { $0 == " " } }

    /// A tab becomes four blanks; what a terminal would obey, or show as nothing, becomes an escape.
    init(_ scalar: Unicode.Scalar) {
        switch scalar.properties.generalCategory {
        case _ where scalar == "\t":
            text = "    "
            width = 4
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
            text = "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            width = text.count
        case .nonspacingMark, .enclosingMark:
            text = String(scalar)
            width = 0
        default:
            text = String(scalar)
            width = Self.isWide(scalar) ? 2 : 1
        }
    }

    /// Whether Unicode's East Asian Width (UAX 11) is W or F, by blocks.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x1100: false
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6B, 0xFF01...0xFF60,
            0xFFE0...0xFFE6, 0x17000...0x18D08, 0x1B000...0x1B2FB, 0x1F200...0x1F265, 0x20000...0x3FFFD:
            true
        default: scalar.properties.isEmojiPresentation
        }
    }
}
