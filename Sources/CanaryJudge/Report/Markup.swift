// SPDX-License-Identifier: Apache-2.0

/// Text of others, made safe for pages that browsers show.
enum Markup {
    /// For HTML, in elements and in quoted attributes. What turns the direction of writing around or is no character becomes visible.
    static func html(_ text: String) -> String {
        escape(text) { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            case "'": "&#39;"
            default: nil
            }
        }
    }

    /// For Markdown, where HTML is allowed too: whatever could begin a link, an image, a mention or a cell has a backslash.
    static func markdown(_ text: String) -> String {
        escape(text) { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "!", "|", "~": "\\\(scalar)"
            // GitHub looks for mentions and numbers of issues behind the escapes.
            case "@", "#": "\(scalar)<!-- -->"
            default: nil
            }
        }
        .replacing("://", with: "\\://").replacing("www.", with: "www\\.")
    }

    private static func escape(_ text: String, _ replacement: (Unicode.Scalar) -> String?) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if isHidden(scalar) {
                result += "\u{FFFD}"
            } else if let escaped = replacement(scalar) {
                result += escaped
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
        default: false
        }
    }
}
