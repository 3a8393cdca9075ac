// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Writes values as YAML in kubectl's style: block collections, lists not indented below their key, keys in the order
/// they have, texts quoted exactly when they would be read back as something else.
///
/// Unlike kubectl it never folds long lines, and leaves emoji as they are. Characters that a terminal would act on are
/// always escaped. What it writes, ``YAMLParser`` reads back as the same value.
package enum YAMLWriter {
    /// One document, with a line break at the end.
    package static func write(_ node: Node) -> String {
        var sink = YAMLSink()
        sink.addRoot(node)
        return String(decoding: sink.bytes, as: UTF8.self)
    }

    /// Several documents, with `---` between them.
    package static func write(documents: [Node]) -> String {
        documents.map(write).joined(separator: "---\n")
    }
}

private struct YAMLSink {
    var bytes: [UInt8] = []

    /// A longer key would not be found as one by YAML readers.
    private static let longestPlainKey = 256

    mutating func addRoot(_ node: Node) {
        if isBlock(node) {
            addBlock(node, indent: 0)
        } else {
            addScalar(node, indent: 0)
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    private func isBlock(_ node: Node) -> Bool {
        switch node.content {
        case .sequence(let items): !items.isEmpty
        case .mapping(let mapping): !mapping.entries.isEmpty
        default: false
        }
    }

    /// A collection that is not empty; the cursor is where its first line's text goes.
    private mutating func addBlock(_ node: Node, indent: Int) {
        switch node.content {
        case .sequence(let items):
            for (index, item) in items.enumerated() {
                if index > 0 { addIndent(indent) }
                bytes += "- ".utf8
                if isBlock(item) {
                    addBlock(item, indent: indent + 2)
                } else {
                    addScalar(item, indent: indent)
                    bytes.append(UInt8(ascii: "\n"))
                }
            }
        case .mapping(let mapping):
            for (index, entry) in mapping.entries.enumerated() {
                if index > 0 { addIndent(indent) }
                add(entry, indent: indent)
            }
        default: break
        }
    }

    private mutating func add(_ entry: Mapping.Entry, indent: Int) {
        let isLong = entry.key.utf8.count > Self.longestPlainKey
        if isLong { bytes += "? ".utf8 }
        bytes += ScalarStyle.key(entry.key).utf8
        if isLong {
            bytes.append(UInt8(ascii: "\n"))
            addIndent(indent)
        }
        bytes.append(UInt8(ascii: ":"))
        switch entry.value.content {
        case .sequence(let items) where !items.isEmpty:
            startLine(indent)
            addBlock(entry.value, indent: indent)
        case .mapping(let mapping) where !mapping.entries.isEmpty:
            startLine(indent + 2)
            addBlock(entry.value, indent: indent + 2)
        default:
            bytes.append(UInt8(ascii: " "))
            addScalar(entry.value, indent: indent)
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    /// A scalar or an empty collection, without the line break behind it; `indent` is that of its parent.
    private mutating func addScalar(_ node: Node, indent: Int) {
        switch node.content {
        case .sequence: bytes += "[]".utf8
        case .mapping: bytes += "{}".utf8
        case .string(let text):
            guard let (header, lines) = ScalarStyle.literal(text) else {
                bytes += ScalarStyle.value(text).utf8
                return
            }
            bytes += header.utf8
            for line in lines {
                bytes.append(UInt8(ascii: "\n"))
                guard !line.isEmpty else { continue }
                addIndent(indent + 2)
                bytes += line
            }
        default: bytes += JSONWriter.write(node).utf8
        }
    }

    private mutating func startLine(_ indent: Int) {
        bytes.append(UInt8(ascii: "\n"))
        addIndent(indent)
    }

    private mutating func addIndent(_ indent: Int) {
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }
}
