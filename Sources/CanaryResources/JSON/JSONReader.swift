// SPDX-License-Identifier: Apache-2.0

/// Why text is not JSON, and where.
package struct JSONError: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        case syntax
        /// An integer outside of 64 bits, a number outside of a double.
        case number
        /// Nested deeper than allowed.
        case depth
        /// More values than allowed.
        case size
    }

    package var reason: Reason
    package var message: String
    package var position: Position

    package init(reason: Reason, message: String, position: Position) {
        self.reason = reason
        self.message = message
        self.position = position
    }
}

/// Reads JSON (RFC 8259, strictly) into values.
///
/// Integers must fit into 64 bits and numbers into a double; lone surrogates are refused. Of a repeated key the last
/// value wins, as in Kubernetes; whoever wants to know of them gets them from ``JSONReader/duplicates``. The stacks are
/// those of the YAML reader: finished collections are cut off a shared stack into arrays of just the right size.
///
/// `@safe`: readers are made by `read`, inside which the bytes stay, and every index is compared with their count before it is used.
@safe package struct JSONReader {
    package struct Duplicate: Sendable {
        package var key: String
        package var first: Position
        package var again: Position
    }

    /// Keys that were repeated, a thousand at most.
    package private(set) var duplicates: [Duplicate] = []
    /// How many values were read.
    package private(set) var nodeCount = 0

    let bytes: UnsafeBufferPointer<UInt8>
    private let depthLimit: Int
    private let nodeLimit: Int
    private let locates: Bool
    var index = 0
    var line: UInt32 = 1
    /// The place where the line begins, moved on by one for every byte that continues a character.
    var lineStart = 0
    private var entries: [Mapping.Entry] = []
    private var items: [Node] = []

    /// The bytes must outlive the reader. Without `locates` positions are unknown.
    package init(
        _ bytes: UnsafeBufferPointer<UInt8>,
        locates: Bool,
        depthLimit: Int = 200,
        nodeLimit: Int = .max
    ) {
        unsafe self.bytes = unsafe bytes
        self.locates = locates
        self.depthLimit = depthLimit
        self.nodeLimit = nodeLimit
    }

    /// Reads one value that fills the whole text, such as an object of the store. Positions are unknown.
    package static func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> Node {
        var reader = unsafe JSONReader(bytes, locates: false)
        guard let node = try reader.next() else { throw reader.syntaxError("there is no value") }
        guard reader.isAtEnd() else { throw reader.syntaxError("text follows the value") }
        return node
    }

    package static func read(_ bytes: [UInt8]) throws(JSONError) -> Node {
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(JSONError) in try unsafe read(buffer) }
    }

    package static func read(_ text: String) throws(JSONError) -> Node {
        try read(Array(text.utf8))
    }

    /// The next of several values that follow one another, `nil` at the end of the text.
    package mutating func next() throws(JSONError) -> Node? {
        guard !isAtEnd() else { return nil }
        return try value(depth: 0)
    }

    private mutating func isAtEnd() -> Bool {
        skipSpace()
        return unsafe index >= bytes.count
    }

    // MARK: - Places

    private var place: Position {
        guard locates else { return .unknown }
        return Position(line: line, column: UInt32(clamping: index - lineStart + 1))
    }

    func syntaxError(_ message: String) -> JSONError {
        let place = Position(line: line, column: UInt32(clamping: index - lineStart + 1))
        return JSONError(reason: .syntax, message: message, position: place)
    }

    func error(_ reason: JSONError.Reason, _ message: String, at place: Position) -> JSONError {
        JSONError(reason: reason, message: message, position: place)
    }

    private mutating func skipSpace() {
        while unsafe index < bytes.count {
            switch unsafe bytes[index] {
            case 0x20, 0x09, 0x0d: index += 1
            case 0x0a:
                index += 1
                line &+= 1
                lineStart = index
            default: return
            }
        }
    }

    // MARK: - Values

    private mutating func value(depth: Int) throws(JSONError) -> Node {
        skipSpace()
        guard unsafe index < bytes.count else {
            throw syntaxError("the text ends where a value should begin")
        }
        let start = place
        nodeCount += 1
        guard nodeCount <= nodeLimit else { throw error(.size, "more than \(nodeLimit) values", at: start) }
        switch unsafe bytes[index] {
        case UInt8(ascii: "{"): return try Node(mapping(depth: depth + 1), at: start)
        case UInt8(ascii: "["): return try Node(sequence(depth: depth + 1), at: start)
        case UInt8(ascii: "\""): return try Node(.string(string()), at: start)
        case UInt8(ascii: "t"): return try Node(word("true", .bool(true)), at: start)
        case UInt8(ascii: "f"): return try Node(word("false", .bool(false)), at: start)
        case UInt8(ascii: "n"): return try Node(word("null", .null), at: start)
        default: return try Node(number(), at: start)
        }
    }

    private mutating func word(
        _ word: StaticString,
        _ content: Node.Content
    ) throws(JSONError) -> Node.Content {
        let count = word.utf8CodeUnitCount
        guard unsafe bytes.count - index >= count,
            unsafe bytes[index..<index + count].elementsEqual(
                UnsafeBufferPointer(start: word.utf8Start, count: count)
            )
        else { throw syntaxError("this is no JSON value") }
        index += count
        return content
    }

    private mutating func sequence(depth: Int) throws(JSONError) -> Node.Content {
        guard depth <= depthLimit else {
            throw error(.depth, "nested more than \(depthLimit) deep", at: place)
        }
        index += 1
        let start = items.count
        if try !ends(with: UInt8(ascii: "]"), isFirst: true) {
            repeat {
                let item = try value(depth: depth)
                items.append(item)
            } while try !ends(with: UInt8(ascii: "]"), isFirst: false)
        }
        defer { items.removeLast(items.count - start) }
        return .sequence(Array(items[start...]))
    }

    private mutating func mapping(depth: Int) throws(JSONError) -> Node.Content {
        guard depth <= depthLimit else {
            throw error(.depth, "nested more than \(depthLimit) deep", at: place)
        }
        index += 1
        let start = entries.count
        if try !ends(with: UInt8(ascii: "}"), isFirst: true) {
            repeat {
                skipSpace()
                let keyPlace = place
                guard unsafe index < bytes.count, unsafe bytes[index] == UInt8(ascii: "\"") else {
                    throw syntaxError("a key in double quotes should be here")
                }
                let key = try string()
                skipSpace()
                guard unsafe index < bytes.count, unsafe bytes[index] == UInt8(ascii: ":") else {
                    throw syntaxError("a \":\" should follow the key")
                }
                index += 1
                let value = try value(depth: depth)
                entries.append(Mapping.Entry(key: key, keyPosition: keyPlace, value: value))
            } while try !ends(with: UInt8(ascii: "}"), isFirst: false)
        }
        defer { entries.removeLast(entries.count - start) }
        return .mapping(
            Mapping(resolving: entries[start...]) { first, again in
                guard duplicates.count < 1000 else { return }
                let key = entries[again].key
                duplicates.append(
                    Duplicate(key: key, first: entries[first].keyPosition, again: entries[again].keyPosition)
                )
            }
        )
    }

    /// Steps over a comma, or over the closing bracket, and tells whether it was that.
    private mutating func ends(with close: UInt8, isFirst: Bool) throws(JSONError) -> Bool {
        skipSpace()
        guard unsafe index < bytes.count else {
            throw syntaxError("the text ends before \"\(Character(Unicode.Scalar(close)))\"")
        }
        if unsafe bytes[index] == close {
            index += 1
            return true
        }
        if isFirst { return false }
        guard unsafe bytes[index] == UInt8(ascii: ",") else {
            throw syntaxError("a \",\" or \"\(Character(Unicode.Scalar(close)))\" should be here")
        }
        index += 1
        return false
    }
}
