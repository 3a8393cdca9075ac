// SPDX-License-Identifier: Apache-2.0

/// Writes values as JSON, keys in the order they have.
///
/// Pretty text is indented by four spaces, as kubectl's. Control characters are escaped, those above ASCII too, so that
/// the text can go to a terminal.
package enum JSONWriter {
    /// Without a line break at the end.
    package static func write(_ node: Node, pretty: Bool = false) -> String {
        let bytes = bytes(node, pretty: pretty)
        return String(decoding: bytes, as: UTF8.self)
    }

    package static func bytes(_ node: Node, pretty: Bool = false) -> [UInt8] {
        var sink = JSONSink(form: pretty ? .pretty : .compact)
        sink.add(node, indent: 0)
        return sink.bytes
    }

    /// The same text for values that mean the same: keys in the order of their bytes, without those that are null.
    package static func canonical(_ node: Node) -> String {
        var sink = JSONSink(form: .canonical)
        sink.add(node, indent: 0)
        return String(decoding: sink.bytes, as: UTF8.self)
    }

    /// A number as Go writes it: `1`, `0.5`, `1e+21`; no fraction where there is none. Infinities and NaN, which no
    /// manifest can hold, are `null`.
    package static func text(of value: Double) -> String {
        if value.magnitude < 1e15, let integer = Int64(exactly: value) { return String(integer) }
        return value.isFinite ? value.description : "null"
    }
}

private struct JSONSink {
    enum Form {
        case compact, pretty, canonical
    }

    let form: Form
    var bytes: [UInt8] = []

    init(form: Form) {
        self.form = form
        bytes.reserveCapacity(1024)
    }

    mutating func add(_ node: Node, indent: Int) {
        switch node.content {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .number(let value): bytes += JSONWriter.text(of: value).utf8
        case .string(let text): add(text)
        case .sequence(let items):
            addList(items, "[", "]", indent) { sink, item in sink.add(item, indent: indent + 1) }
        case .mapping(let mapping):
            let entries = form == .canonical ? mapping.canonicalEntries : mapping.entries
            addList(entries, "{", "}", indent) { sink, entry in
                sink.add(entry.key)
                sink.bytes += (sink.form == .pretty ? ": " : ":").utf8
                sink.add(entry.value, indent: indent + 1)
            }
        }
    }

    private mutating func addList<Part>(
        _ parts: [Part],
        _ open: String,
        _ close: String,
        _ indent: Int,
        _ add: (inout JSONSink, Part) -> Void
    ) {
        bytes += open.utf8
        var isFirst = true
        for part in parts {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            breakLine(indent + 1)
            add(&self, part)
        }
        if !parts.isEmpty { breakLine(indent) }
        bytes += close.utf8
    }

    private mutating func breakLine(_ indent: Int) {
        guard form == .pretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * 4))
    }

    private mutating func add(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            guard unsafe !utf8.contains(where: Self.isSpecial) else {
                unsafe escape(utf8)
                return
            }
            unsafe bytes.append(contentsOf: utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Bytes that may need an escape; 0xC2 leads the control characters above ASCII.
    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7f
            || byte == 0xc2
    }

    private mutating func escape(_ utf8: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < utf8.count {
            let byte = unsafe utf8[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0a: bytes += #"\n"#.utf8
            case 0x0d: bytes += #"\r"#.utf8
            case 0x09: bytes += #"\t"#.utf8
            case 0..<0x20, 0x7f: escape(code: byte)
            case 0xc2 where unsafe index < utf8.count && utf8[index] < 0xa0:
                unsafe escape(code: utf8[index])
                index += 1
            default: bytes.append(byte)
            }
        }
    }

    private mutating func escape(code: UInt8) {
        let digits = Array("0123456789abcdef".utf8)
        bytes += #"\u00"#.utf8
        bytes += [digits[Int(code >> 4)], digits[Int(code & 15)]]
    }
}

extension Mapping {
    fileprivate var canonicalEntries: [Entry] {
        // Most have one entry, or are in order already, and are not copied.
        let present = entries.contains(where: \.value.isNull) ? entries.filter { !$0.value.isNull } : entries
        let isSorted = zip(present, present.dropFirst()).allSatisfy { $0.precedes($1) }
        return isSorted ? present : present.sorted { $0.precedes($1) }
    }
}

extension Mapping.Entry {
    fileprivate func precedes(_ other: Mapping.Entry) -> Bool {
        key.utf8.lexicographicallyPrecedes(other.key.utf8)
    }
}
