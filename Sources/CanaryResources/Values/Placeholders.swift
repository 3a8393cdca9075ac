// SPDX-License-Identifier: Apache-2.0

/// Texts with places to fill in: `{{version}}`, `{{args.threshold}}`, with blanks inside of the braces or without. What is between braces
/// and no such word, as in `{{.State}}`, is text.
package enum Placeholders {
    /// The words in a text, in their order.
    package static func names(in text: String) -> [String] {
        parts(of: text).compactMap { if case .name(let name) = $0 { name } else { nil } }
    }

    /// The text with values in place of the words that have one.
    package static func fill(_ text: String, _ values: [String: String]) -> String {
        guard text.contains("{{") else { return text }
        return parts(of: text).map { part in
            switch part {
            case .text(let text): String(text)
            case .name(let name): values[name] ?? "{{\(name)}}"
            }
        }.joined()
    }

    /// A whole value with all of its texts filled in.
    package static func fill(_ node: Node, _ values: [String: String]) -> Node {
        var node = node
        switch node.content {
        case .string(let text): node.content = .string(fill(text, values))
        case .sequence(let items): node.content = .sequence(items.map { fill($0, values) })
        case .mapping(var mapping):
            for index in mapping.entries.indices {
                mapping.entries[index].value = fill(mapping.entries[index].value, values)
            }
            node.content = .mapping(mapping)
        default: break
        }
        return node
    }

    private enum Part {
        case text(Substring)
        case name(String)
    }

    private static func parts(of text: String) -> [Part] {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            let inside = rest[open.upperBound...]
            guard let close = inside.firstRange(of: "}}") else { break }
            let name = inside[..<close.lowerBound].filter { $0 != " " }
            if isName(name) {
                parts += [.text(rest[..<open.lowerBound]), .name(name)]
                rest = rest[close.upperBound...]
            } else {
                parts.append(.text(rest[..<open.upperBound]))
                rest = inside
            }
        }
        return parts + [.text(rest)]
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
