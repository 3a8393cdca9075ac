// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension PlainReader {
    /// The longest key that is read here; libyaml takes up to 1,024 characters.
    private static let longestKey = 128

    // MARK: - Keys

    /// Where the plain key that `index` stands at ends, before its colon; `nil` if there is none.
    var keyEnd: Int? {
        var place = index
        while place < bytes.count, isKeyByte(bytes[place]) { place += 1 }
        guard place > index, place - index <= Self.longestKey, place < bytes.count,
            bytes[place] == UInt8(ascii: ":"), isBlank(place + 1), bytes[index] != UInt8(ascii: "-")
        else { return nil }
        return place
    }

    /// What names of fields, labels and files are made of.
    private func isKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "-")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Takes a key and its colon. Keys that are no strings, such as `on`, are the composer's.
    mutating func key(upTo end: Int) throws(GivesUp) -> String {
        let text = UnsafeBufferPointer(rebasing: bytes[index..<end])
        guard case .string = ScalarResolver.resolve(text) else { throw GivesUp() }
        index = end + 1
        return cache.string(text)
    }

    // MARK: - Values

    /// A plain scalar up to the end of the line. That it does not go on in the next line is seen by the next line's column.
    mutating func plain() throws(GivesUp) -> Node {
        let start = index
        guard canBegin(bytes[start]) || bytes[start] == UInt8(ascii: "-") && !isBlank(start + 1) else {
            throw GivesUp()
        }
        var end = start
        scan: while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\n"): break scan
            case UInt8(ascii: " "):
                index += 1
                continue
            case UInt8(ascii: "#") where bytes[index - 1] == UInt8(ascii: " "): break scan
            case UInt8(ascii: ":") where isBlank(index + 1): throw GivesUp()
            case 0x21...0x7e: break
            default: throw GivesUp()
            }
            index += 1
            end = index
        }
        return try scalar(start, end)
    }

    /// A plain scalar in a flow collection.
    mutating func plainInFlow() throws(GivesUp) -> Node {
        let start = index
        guard canBegin(bytes[start]) else { throw GivesUp() }
        var end = start
        scan: while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): break scan
            case UInt8(ascii: " "):
                index += 1
                continue
            case UInt8(ascii: ":"):
                guard index + 1 < bytes.count, isKeyByte(bytes[index + 1]) else { throw GivesUp() }
            case UInt8(ascii: "#"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "{"): throw GivesUp()
            case 0x21...0x7e: break
            default: throw GivesUp()
            }
            index += 1
            end = index
        }
        return try scalar(start, end)
    }

    /// Whether a plain scalar can begin with a byte whatever follows it.
    private func canBegin(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: ".")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "^"),
            UInt8(ascii: "$"), UInt8(ascii: "("), UInt8(ascii: "+"), UInt8(ascii: "~"), UInt8(ascii: "<"),
            UInt8(ascii: "="), UInt8(ascii: "\\"):
            true
        default: false
        }
    }

    private mutating func scalar(_ start: Int, _ end: Int) throws(GivesUp) -> Node {
        let text = UnsafeBufferPointer(rebasing: bytes[start..<end])
        let place = Position(
            line: UInt32(clamping: line &+ 1),
            column: UInt32(clamping: start &- lineStart &+ 1)
        )
        guard text.count <= limits.scalarBytes else { throw GivesUp() }
        switch ScalarResolver.resolve(text) {
        case .value(let content): return try node(content, at: place)
        case .string:
            // A literal `...` is reported by the composer.
            guard text.count != 3 || !text.allSatisfy({ $0 == UInt8(ascii: ".") }) else { throw GivesUp() }
            return try node(.string(cache.string(text)), at: place)
        case .hugeInteger, .notFinite: throw GivesUp()
        }
    }

    /// A quoted scalar that ends on its line and has no escapes.
    mutating func quoted() throws(GivesUp) -> Node {
        let place = position
        let quote = bytes[index]
        let start = index + 1
        var end = start
        while end < bytes.count, bytes[end] != quote {
            guard (0x20...0x7e).contains(bytes[end]),
                bytes[end] != UInt8(ascii: "\\") || quote != UInt8(ascii: "\"")
            else { throw GivesUp() }
            end += 1
        }
        // Two single quotes stand for one.
        guard end < bytes.count, end - start <= limits.scalarBytes,
            end + 1 == bytes.count || bytes[end + 1] != quote
        else { throw GivesUp() }
        index = end + 1
        return try node(.string(cache.string(UnsafeBufferPointer(rebasing: bytes[start..<end]))), at: place)
    }

    // MARK: - Flow collections

    /// A mapping in braces or a list in brackets that ends on its line.
    mutating func flow(depth: Int) throws(GivesUp) -> Node {
        guard depth < limits.depth else { throw GivesUp() }
        return bytes[index] == UInt8(ascii: "{") ? try flowMapping(depth: depth) : try flowList(depth: depth)
    }

    private mutating func flowMapping(depth: Int) throws(GivesUp) -> Node {
        let place = position
        let start = entries.count
        index += 1
        skipSpaces()
        if !take(UInt8(ascii: "}")) {
            repeat {
                skipSpaces()
                guard let end = keyEnd else { throw GivesUp() }
                let keyPosition = position
                let key = try key(upTo: end)
                let value = try flowValue(depth: depth + 1)
                entries.append(Mapping.Entry(key: key, keyPosition: keyPosition, value: value))
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw GivesUp() }
        }
        return try closeMapping(from: start, at: place)
    }

    private mutating func flowList(depth: Int) throws(GivesUp) -> Node {
        let place = position
        let start = items.count
        index += 1
        skipSpaces()
        if !take(UInt8(ascii: "]")) {
            repeat {
                let value = try flowValue(depth: depth + 1)
                items.append(value)
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw GivesUp() }
        }
        return try closeList(from: start, at: place)
    }

    /// A value in a flow collection, and the spaces around it.
    private mutating func flowValue(depth: Int) throws(GivesUp) -> Node {
        skipSpaces()
        guard index < bytes.count else { throw GivesUp() }
        let value: Node
        switch bytes[index] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): value = try quoted()
        case UInt8(ascii: "{"), UInt8(ascii: "["): value = try flow(depth: depth)
        default: value = try plainInFlow()
        }
        skipSpaces()
        return value
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }
}
