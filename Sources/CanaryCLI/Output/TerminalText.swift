// SPDX-License-Identifier: Apache-2.0

/// Text from manifests and requests, made safe for a terminal.
enum TerminalText {
    /// Control characters (but line feed and tab in texts of several lines) become `\u{1B}`-like escapes, so that a name
    /// cannot move the cursor or forge a line; likewise the marks that turn the direction of writing around.
    static func escape(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isDangerous) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isDangerous(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x09: false
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// The same for one cell of a table, where line feeds and tabs are as bad.
    static func cell(_ text: String) -> String {
        escape(text).replacing("\n", with: "\\n").replacing("\t", with: "\\t")
    }
}

extension String {
    /// Filled up with blanks on the right to a number of columns.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    /// Filled up with blanks on the left.
    func leftPadded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}
