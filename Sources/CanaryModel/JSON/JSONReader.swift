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
package struct JSONReader {
    package struct Duplicate: Sendable {
        package var key: String
        package var first: Position
        package var again: Position
    }

    /// Keys that were repeated, a thousand at most.
    package private(set) var duplicates: [Duplicate] = []
    /// How many values were read.
    package private(set) var nodeCount = 0

    private let bytes: UnsafeBufferPointer<UInt8>
    private let depthLimit: Int
    private let nodeLimit: Int
    private let locates: Bool
    private var index = 0
    private var line: UInt32 = 1
    /// The place where the line begins, moved on by one for every byte that continues a character.
    private var lineStart = 0
    private var entries: [Mapping.Entry] = []
    private var items: [Node] = []

    /// The bytes must outlive the reader. Without `locates` positions are unknown.
    package init(
        _ bytes: UnsafeBufferPointer<UInt8>,
        locates: Bool,
        depthLimit: Int = 200,
        nodeLimit: Int = .max
    ) {
        self.bytes = bytes
        self.locates = locates
        self.depthLimit = depthLimit
        self.nodeLimit = nodeLimit
    }

    /// Reads one value that fills the whole text, such as an object of the store. Positions are unknown.
    package static func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> Node {
        var reader = JSONReader(bytes, locates: false)
        guard let node = try reader.next() else { throw reader.syntaxError("there is no value") }
        guard reader.isAtEnd() else { throw reader.syntaxError("text follows the value") }
        return node
    }

    package static func read(_ bytes: [UInt8]) throws(JSONError) -> Node {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in try read(buffer) }
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
        return index >= bytes.count
    }

    // MARK: - Places

    private var place: Position {
        guard locates else { return .unknown }
        return Position(line: line, column: UInt32(clamping: index - lineStart + 1))
    }

    private func syntaxError(_ message: String) -> JSONError {
        let place = Position(line: line, column: UInt32(clamping: index - lineStart + 1))
        return JSONError(reason: .syntax, message: message, position: place)
    }

    private func error(_ reason: JSONError.Reason, _ message: String, at place: Position) -> JSONError {
        JSONError(reason: reason, message: message, position: place)
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
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
        guard index < bytes.count else { throw syntaxError("the text ends where a value should begin") }
        let start = place
        nodeCount += 1
        guard nodeCount <= nodeLimit else { throw error(.size, "more than \(nodeLimit) values", at: start) }
        switch bytes[index] {
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
        guard bytes.count - index >= count,
            bytes[index..<index + count].elementsEqual(
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
        defer { items.removeSubrange(start...) }
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
                guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
                    throw syntaxError("a key in double quotes should be here")
                }
                let key = try string()
                skipSpace()
                guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else {
                    throw syntaxError("a \":\" should follow the key")
                }
                index += 1
                let value = try value(depth: depth)
                entries.append(Mapping.Entry(key: key, keyPosition: keyPlace, value: value))
            } while try !ends(with: UInt8(ascii: "}"), isFirst: false)
        }
        defer { entries.removeSubrange(start...) }
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
        guard index < bytes.count else {
            throw syntaxError("the text ends before \"\(Character(Unicode.Scalar(close)))\"")
        }
        if bytes[index] == close {
            index += 1
            return true
        }
        if isFirst { return false }
        guard bytes[index] == UInt8(ascii: ",") else {
            throw syntaxError("a \",\" or \"\(Character(Unicode.Scalar(close)))\" should be here")
        }
        index += 1
        return false
    }
}

// MARK: - Numbers

extension JSONReader {
    private mutating func number() throws(JSONError) -> Node.Content {
        let start = index
        let startPlace = Position(line: line, column: UInt32(clamping: index - lineStart + 1))
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let whole = skipDigits()
        guard whole > 0 else { throw syntaxError("this is no JSON value") }
        guard whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else {
            throw syntaxError("a number cannot begin with 0")
        }
        var isInteger = true
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            guard skipDigits() > 0 else { throw syntaxError("digits should follow the \".\"") }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            guard skipDigits() > 0 else { throw syntaxError("digits should follow the exponent") }
        }
        if isInteger, whole <= 18 {
            var value: Int64 = 0
            for byte in bytes[(index - whole)..<index] {
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return .integer(isNegative ? -value : value)
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger {
            if let value = Int64(text) { return .integer(value) }
            throw error(.number, "the integer \(text.prefix(80)) does not fit into 64 bits", at: startPlace)
        }
        guard let value = Double(text), value.isFinite else {
            throw error(.number, "the number \(text.prefix(80)) is too large", at: startPlace)
        }
        return .number(value)
    }

    private mutating func skipDigits() -> Int {
        let start = index
        while index < bytes.count, bytes[index] &- UInt8(ascii: "0") <= 9 { index += 1 }
        return index - start
    }
}

// MARK: - Strings

extension JSONReader {
    private mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                let text = String(
                    validating: UnsafeBufferPointer(rebasing: bytes[start..<index]),
                    as: UTF8.self
                )
                guard let text else { throw syntaxError("the string is not UTF-8") }
                index += 1
                return text
            case UInt8(ascii: "\\"): return try escapedString(start)
            case 0..<0x20: throw syntaxError("a control character in a string should be escaped")
            default:
                if byte & 0xc0 == 0x80 { lineStart += 1 }
                index += 1
            }
        }
        throw syntaxError("the string never ends")
    }

    /// Goes on from the first backslash of a string.
    private mutating func escapedString(_ start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else {
                    throw syntaxError("the string is not UTF-8")
                }
                index += 1
                return result
            case UInt8(ascii: "\\"): try appendEscape(&text)
            case 0..<0x20: throw syntaxError("a control character in a string should be escaped")
            default:
                if byte & 0xc0 == 0x80 { lineStart += 1 }
                text.append(byte)
                index += 1
            }
        }
        throw syntaxError("the string never ends")
    }

    private mutating func appendEscape(_ text: inout [UInt8]) throws(JSONError) {
        guard index + 1 < bytes.count else { throw syntaxError("the string never ends") }
        let letter = bytes[index + 1]
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            try appendScalar(&text)
            return
        default: throw syntaxError("unknown escape in a string")
        }
        index += 2
    }

    /// `\u00e9`, or two of them that make a surrogate pair.
    private mutating func appendScalar(_ text: inout [UInt8]) throws(JSONError) {
        guard var code = hexadecimal(at: index + 2) else {
            throw syntaxError("four hexadecimal digits should follow \\u")
        }
        var length = 6
        if (0xd800..<0xdc00).contains(code), index + 7 < bytes.count, bytes[index + 6] == UInt8(ascii: "\\"),
            bytes[index + 7] == UInt8(ascii: "u"), let low = hexadecimal(at: index + 8),
            (0xdc00..<0xe000).contains(low)
        {
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            length = 12
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw syntaxError("half of a surrogate pair is no character")
        }
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        index += length
    }

    private func hexadecimal(at start: Int) -> UInt32? {
        guard start + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[start..<start + 4] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }
}
