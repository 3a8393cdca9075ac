// SPDX-License-Identifier: Apache-2.0

/// How a string is spelled in YAML: plain if that reads back as the same string, in double quotes if it would be read
/// as another type or holds what only escapes can say, in single quotes if its punctuation is in the way.
enum ScalarStyle {
    static func value(_ text: String) -> String {
        let utf8 = Array(text.utf8)
        if needsEscapes(text) { return escaped(text) }
        if ScalarResolver.needsQuotes(text) { return escaped(text) }
        return isPlain(utf8) ? text : singleQuoted(text)
    }

    static func key(_ text: String) -> String {
        text == "<<" ? "\"<<\"" : value(text)
    }

    /// A text of several lines as a literal block: its header, and its lines without breaks. `nil` if it has one line,
    /// or if a literal block cannot, or cannot readably, hold it.
    static func literal(_ text: String) -> (header: String, lines: [ArraySlice<UInt8>])? {
        let utf8 = Array(text.utf8)
        guard utf8.contains(0x0a), let first = utf8.first, first != 0x0a, first != 0x20,
            !needsEscapes(text, breaksAllowed: true)
        else { return nil }
        var lines = utf8.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard !lines.contains(where: { $0.last == 0x20 }) else { return nil }
        guard lines.last?.isEmpty == true else { return ("|-", lines) }
        lines.removeLast()
        return (lines.last?.isEmpty == true ? "|+" : "|", lines)
    }

    /// Whether characters are in the way that YAML reads only as escapes, or that a terminal would act on.
    private static func needsEscapes(_ text: String, breaksAllowed: Bool = false) -> Bool {
        text.unicodeScalars.contains { scalar in
            scalar.value == 0x0a ? !breaksAllowed : isSpecial(scalar)
        }
    }

    private static func isSpecial(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff: true
        // Characters that turn the direction of the text around them.
        case 0x202a...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    // MARK: - Plain

    private static func isPlain(_ utf8: [UInt8]) -> Bool {
        guard let first = utf8.first, let last = utf8.last else { return false }
        guard first != 0x20, last != 0x20, last != UInt8(ascii: ":") else { return false }
        switch first {
        case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: "#"), UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"),
            UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "%"), UInt8(ascii: "@"),
            UInt8(ascii: "`"):
            return false
        case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
            guard utf8.count > 1, utf8[1] != 0x20 else { return false }
        default: break
        }
        if utf8.starts(with: "---".utf8) || utf8.starts(with: "...".utf8) { return false }
        for (byte, next) in zip(utf8, utf8.dropFirst()) {
            if byte == UInt8(ascii: ":") && next == 0x20 { return false }
            if byte == 0x20 && next == UInt8(ascii: "#") { return false }
        }
        return true
    }

    // MARK: - Quoted

    private static func singleQuoted(_ text: String) -> String {
        var result = "'"
        for character in text.unicodeScalars {
            if character == "'" { result += "'" }
            result.unicodeScalars.append(character)
        }
        return result + "'"
    }

    private static func escaped(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isSpecial(scalar): result += escape(scalar.value)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func escape(_ code: UInt32) -> String {
        let digits = String(code, radix: 16, uppercase: true)
        let width = code < 0x100 ? 2 : 4
        return (width == 2 ? "\\x" : "\\u") + String(repeating: "0", count: width - digits.count) + digits
    }
}
