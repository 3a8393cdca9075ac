// SPDX-License-Identifier: Apache-2.0

/// Text from manifests and requests, made safe for a terminal.
enum TerminalText {
    /// Control characters become escapes such as `\u{1B}`, so that a name cannot move the cursor, begin a line, or forge what a CI
    /// system takes for a command; likewise the marks that turn the direction of writing around. The result is one line.
    static func escape(_ text: String) -> String {
        escape(text, isDangerous)
    }

    /// A sentence for a person: safe, and with words that nobody reads to their end cut, whoever sent them. What is data
    /// (tables, `-o` of all forms) is never cut.
    static func message(_ text: String) -> String {
        guard text.utf8.count > longestWord else { return escape(text) }
        var result = ""
        let blank = UInt8(ascii: " ")
        for word in text.utf8.split(separator: blank, omittingEmptySubsequences: false) {
            result += (result.isEmpty ? "" : " ") + cut(Substring(word), to: longestWord)
        }
        return escape(cut(result[...], to: longestMessage))
    }

    /// No name of Kubernetes is longer than 253 characters; few paths are.
    private static let longestWord = 500
    private static let longestMessage = 4000

    private static func cut(_ text: Substring, to most: Int) -> String {
        // A character can have any number of scalars.
        let scalars = text.unicodeScalars
        guard text.utf8.count > most, scalars.count > most else { return String(text) }
        let left = scalars.prefix(most / 5), right = scalars.suffix(most / 10)
        let count = scalars.count - left.count - right.count
        return "\(Substring(left))…(\(count) more)…\(Substring(right))"
    }

    /// The same for a text of ours that has several lines, whose line feeds and tabs stay.
    static func escapeLines(_ text: String) -> String {
        escape(text) { isDangerous($0) && $0 != "\n" && $0 != "\t" }
    }

    private static func escape(_ text: String, _ isEscaped: (Unicode.Scalar) -> Bool) -> String {
        guard text.unicodeScalars.contains(where: isEscaped) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case _ where !isEscaped(scalar): result.unicodeScalars.append(scalar)
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
        return result
    }

    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
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
