// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Reads documents of the form that nearly all manifests have, in a fraction of the time that libyaml takes.
///
/// The form: mappings and lists in block style; scalars and flow collections within one line; plain scalars, and quoted
/// ones without escapes; comments; ASCII outside of comments. Everything else is left to libyaml, and so is all that could
/// be wrong with a document: this reader then gives up, without a word, and libyaml reads the document from its beginning.
/// What this reader does read, it reads as ``Composer`` does from libyaml's events, down to the positions
/// (`PlainReaderTests` compares the two).
struct PlainReader {
    /// The document is not of the form; nothing is said about whether it is good.
    struct GivesUp: Error {}

    let bytes: UnsafeBufferPointer<UInt8>
    let limits: ManifestLimits
    /// The next byte to look at. Between two lines it is where the next one begins.
    var index: Int
    var lineStart: Int
    /// The line of the file, from 0, that holds `index`.
    var line: Int
    /// Values read so far, as the composer counts them.
    var nodeCount: Int
    var cache = StringCache()
    /// The column of the content that `index` stands at, after ``toContent()``; `end` behind the document.
    private var column = PlainReader.end
    /// The parts of open collections, as in the composer.
    var entries: [Mapping.Entry] = []
    var items: [Node] = []

    private static let end = -1

    /// `bytes` must outlive the reader.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>,
        from start: Int,
        line: Int,
        nodeCount: Int,
        limits: ManifestLimits
    ) {
        self.bytes = bytes
        self.line = line
        self.nodeCount = nodeCount
        self.limits = limits
        index = start
        lineStart = start
    }

    /// What a text holds from a place up to the next `---` line.
    enum Document {
        case value(Node)
        /// `---` and nothing behind it, which is a null.
        case empty
        /// Not even a beginning: blank lines and comments.
        case none
    }

    /// Reads one document, and stops where the next one begins.
    mutating func document() throws(GivesUp) -> Document {
        entries.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
        try toContent()
        var isMarked = false
        if index < bytes.count, column == Self.end {
            isMarked = true
            index += 3
            try finishLine()
            try toContent()
        }
        guard column != Self.end else {
            if isMarked { nodeCount &+= 1 }
            return isMarked ? .empty : .none
        }
        let node = try block(depth: 0)
        guard column == Self.end else { throw GivesUp() }
        return .value(node)
    }

    // MARK: - Lines

    /// Moves on to the next line with content, and notes its column; stops at a `---` line.
    private mutating func toContent() throws(GivesUp) {
        while index < bytes.count {
            lineStart = index
            while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
            guard index < bytes.count else { break }
            switch bytes[index] {
            case UInt8(ascii: "\n"), UInt8(ascii: "#"): try finishLine()
            default:
                column = index - lineStart
                if column == 0, try isAtMarker() { column = Self.end }
                return
            }
        }
        column = Self.end
    }

    /// Whether this line begins a document. Those that end one, and directives, are not plain.
    private func isAtMarker() throws(GivesUp) -> Bool {
        switch bytes[index] {
        case UInt8(ascii: "-"): return TextScan(bytes).startsDocument(at: index)
        case UInt8(ascii: "."), UInt8(ascii: "%"): throw GivesUp()
        default: return false
        }
    }

    /// Skips what may stand behind a value: spaces, and a comment after at least one.
    mutating func finishLine() throws(GivesUp) {
        skipSpaces()
        guard index < bytes.count else { return }
        if bytes[index] == UInt8(ascii: "#"), index == lineStart || bytes[index - 1] == UInt8(ascii: " ") {
            try skipComment()
        }
        guard index < bytes.count else { return }
        guard bytes[index] == UInt8(ascii: "\n") else { throw GivesUp() }
        index += 1
        line += 1
    }

    private mutating func skipComment() throws(GivesUp) {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") {
            // These may begin U+0085, U+2028 and U+2029, at which libyaml breaks lines.
            guard bytes[index] != 0xc2, bytes[index] != 0xe2 || !isUnicodeLineBreak, bytes[index] != 0x0d
            else {
                throw GivesUp()
            }
            index += 1
        }
    }

    private var isUnicodeLineBreak: Bool {
        index + 2 < bytes.count && bytes[index + 1] == 0x80 && bytes[index + 2] & 0xfe == 0xa8
    }

    mutating func skipSpaces() {
        while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
    }

    /// Whether nothing but a comment follows on this line; `index` is behind a space or an indicator.
    private var isAtLineEnd: Bool {
        index == bytes.count || bytes[index] == UInt8(ascii: "\n")
            || bytes[index] == UInt8(ascii: "#") && bytes[index - 1] == UInt8(ascii: " ")
    }

    var position: Position {
        Position(line: UInt32(clamping: line &+ 1), column: UInt32(clamping: index &- lineStart &+ 1))
    }

    // MARK: - Collections

    private var isAtItem: Bool {
        bytes[index] == UInt8(ascii: "-") && isBlank(index + 1)
    }

    /// Whether a space, the end of the line, or the end of the text is there.
    func isBlank(_ place: Int) -> Bool {
        place == bytes.count || bytes[place] == UInt8(ascii: " ") || bytes[place] == UInt8(ascii: "\n")
    }

    /// The mapping or list whose first key or item `index` stands at; ends at the first content behind it.
    private mutating func block(depth: Int) throws(GivesUp) -> Node {
        isAtItem ? try list(depth: depth, isIndented: true) : try mapping(depth: depth)
    }

    private mutating func mapping(depth: Int) throws(GivesUp) -> Node {
        guard depth < limits.depth else { throw GivesUp() }
        let own = index - lineStart
        let place = position
        let start = entries.count
        repeat {
            guard !isAtItem, let end = keyEnd else { throw GivesUp() }
            let keyPosition = position
            let key = try key(upTo: end)
            let value = try value(of: own, depth: depth + 1)
            entries.append(Mapping.Entry(key: key, keyPosition: keyPosition, value: value))
        } while column == own
        guard column < own else { throw GivesUp() }
        return try closeMapping(from: start, at: place)
    }

    /// The value of a key in a mapping at a column; `index` is behind the colon.
    private mutating func value(of own: Int, depth: Int) throws(GivesUp) -> Node {
        let place = position
        skipSpaces()
        guard isAtLineEnd else { return try inlineValue(depth: depth) }
        try finishLine()
        try toContent()
        if column > own { return try block(depth: depth) }
        // Lists may stand at the column of their key.
        if column == own, isAtItem { return try list(depth: depth, isIndented: false) }
        return try node(.null, at: place)
    }

    /// A list that is not indented ends at the next key of the mapping it stands in.
    private mutating func list(depth: Int, isIndented: Bool) throws(GivesUp) -> Node {
        guard depth < limits.depth else { throw GivesUp() }
        let own = index - lineStart
        let place = position
        let start = items.count
        repeat {
            index += 1
            items.append(try item(of: own, depth: depth + 1))
        } while column == own && isAtItem
        guard column < own || column == own && !isIndented else { throw GivesUp() }
        return try closeList(from: start, at: place)
    }

    /// The item of a list at a column; `index` is behind the dash.
    private mutating func item(of own: Int, depth: Int) throws(GivesUp) -> Node {
        let place = position
        skipSpaces()
        guard isAtLineEnd else {
            if isAtItem { throw GivesUp() }
            return keyEnd == nil ? try inlineValue(depth: depth) : try mapping(depth: depth)
        }
        try finishLine()
        try toContent()
        return column > own ? try block(depth: depth) : try node(.null, at: place)
    }

    /// Makes a mapping of the entries from `start` on. A repeated key is for the composer to report.
    mutating func closeMapping(from start: Int, at place: Position) throws(GivesUp) -> Node {
        var isRepeated = false
        let mapping = Mapping(resolving: entries[start...]) { _, _ in isRepeated = true }
        if isRepeated { throw GivesUp() }
        entries.removeSubrange(start...)
        return try node(.mapping(mapping), at: place)
    }

    mutating func closeList(from start: Int, at place: Position) throws(GivesUp) -> Node {
        let list = Array(items[start...])
        items.removeSubrange(start...)
        return try node(.sequence(list), at: place)
    }

    mutating func node(_ content: Node.Content, at place: Position) throws(GivesUp) -> Node {
        nodeCount &+= 1
        guard nodeCount <= limits.nodes else { throw GivesUp() }
        return Node(content, at: place)
    }

    /// A value that stands on the line of its key or dash, and the end of that line.
    private mutating func inlineValue(depth: Int) throws(GivesUp) -> Node {
        let value: Node
        switch bytes[index] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): value = try quoted()
        case UInt8(ascii: "{"), UInt8(ascii: "["): value = try flow(depth: depth)
        default: value = try plain()
        }
        try finishLine()
        try toContent()
        return value
    }
}
