// SPDX-License-Identifier: Apache-2.0

/// A word as it stands on a shell's command line.
enum ShellWord {
    /// What the shell would make of a word: without quotes and backslashes, with `~` and exported variables expanded.
    static func unquoted(_ word: String, _ environment: [String: String]) -> String {
        var text = ""
        var rest = word[...]
        if rest == "~" || rest.hasPrefix("~/"), let home = environment["HOME"] {
            text = home
            rest = rest.dropFirst()
        }
        var quote: Character?
        while let character = rest.popFirst() {
            switch (character, quote) {
            case ("'", nil), ("\"", nil): quote = character
            case (_, character): quote = nil
            case ("\\", let quote) where quote != "'": rest.popFirst().map { text.append($0) }
            case ("$", let quote) where quote != "'": text += variable(&rest, environment)
            default: text.append(character)
            }
        }
        return text
    }

    /// Whether a word means itself in every shell, so that completing it runs and expands nothing: whoever wrote a
    /// manifest does not get to write command lines.
    static func isPlain(_ word: String) -> Bool {
        !word.isEmpty && word.utf8.count <= 253 && !word.hasPrefix("-") && word.utf8.allSatisfy(isPlain)
    }

    /// The word as a shell reads it back.
    static func quoted(_ word: String) -> String {
        let meansItself = !word.isEmpty && word.utf8.allSatisfy { isPlain($0) || ":=@%+".utf8.contains($0) }
        return meansItself && !word.contains("*") ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: ".-_/,*".utf8.contains(byte)
        }
    }

    /// `NAME` or `{NAME}` behind a `$`; nothing for what is not exported.
    private static func variable(_ rest: inout Substring, _ environment: [String: String]) -> String {
        let isBraced = rest.first == "{"
        if isBraced { rest.removeFirst() }
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        rest = rest.dropFirst(name.count)
        if isBraced, rest.first == "}" { rest.removeFirst() }
        return environment[String(name)] ?? ""
    }
}
