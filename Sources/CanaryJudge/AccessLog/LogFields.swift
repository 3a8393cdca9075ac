// SPDX-License-Identifier: Apache-2.0

/// A line of text in fields, as awk sees them, but that what is in quotes or brackets is one.
struct LogFields {
    enum Form: Sendable { case plain, quoted, bracketed }

    struct Field: Sendable {
        /// Without quotes or brackets.
        var range: Range<Int>
        var form: Form
    }

    /// More than any known form of a line has; those behind are nobody's.
    private static let most = 64

    private(set) var fields: [Field] = []

    init() {
        fields.reserveCapacity(Self.most)
    }

    /// `false` where a quote or bracket does not end: then something is missing.
    mutating func read(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Bool {
        fields.removeAll(keepingCapacity: true)
        var index = line.lowerBound
        while index < line.upperBound, fields.count < Self.most {
            let byte = bytes[index]
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                index += 1
                continue
            }
            guard let end = readField(bytes, index..<line.upperBound, byte) else { return false }
            index = end
        }
        return true
    }

    /// The place behind the field that begins a range.
    private mutating func readField(_ bytes: Span<UInt8>, _ rest: Range<Int>, _ first: UInt8) -> Int? {
        if first == UInt8(ascii: "\"") {
            guard let end = Self.endOfQuote(bytes, rest) else { return nil }
            fields.append(Field(range: rest.lowerBound + 1..<end, form: .quoted))
            return end + 1
        }
        var index = rest.lowerBound
        if first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]"), in: rest) else { return nil }
            // An address of IPv6 has a port behind its bracket.
            if end + 1 == rest.upperBound || bytes[end + 1] == UInt8(ascii: " ") {
                fields.append(Field(range: rest.lowerBound + 1..<end, form: .bracketed))
                return end + 1
            }
            index = end
        }
        while index < rest.upperBound, bytes[index] != UInt8(ascii: " ") {
            // name="a value"
            if bytes[index] == UInt8(ascii: "\"") {
                guard let end = Self.endOfQuote(bytes, index..<rest.upperBound) else { return nil }
                index = end
            }
            index += 1
        }
        fields.append(Field(range: rest.lowerBound..<index, form: .plain))
        return index
    }

    /// The closing quote. Ours, nginx's and Apache's logs escape those within; Envoy's do not, so that only one in front of a blank
    /// closes.
    private static func endOfQuote(_ bytes: Span<UInt8>, _ rest: Range<Int>) -> Int? {
        var index = rest.lowerBound + 1
        while index < rest.upperBound {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            if byte == UInt8(ascii: "\""),
                index + 1 == rest.upperBound || bytes[index + 1] == UInt8(ascii: " ")
            {
                return index
            }
            index += 1
        }
        return nil
    }
}

extension Span<UInt8> {
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        var index = range.lowerBound
        while index < range.upperBound {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    func isEqual(_ range: Range<Int>, to text: [UInt8]) -> Bool {
        guard range.count == text.count else { return false }
        var index = 0
        while index < text.count {
            if self[range.lowerBound + index] != text[index] { return false }
            index += 1
        }
        return true
    }

    func hasPrefix(_ range: Range<Int>, _ text: [UInt8]) -> Bool {
        range.count >= text.count && isEqual(range.lowerBound..<range.lowerBound + text.count, to: text)
    }

    /// A whole number of at most eighteen digits and nothing else.
    func number(_ range: Range<Int>) -> UInt64? {
        guard (1...18).contains(range.count) else { return nil }
        var value: UInt64 = 0
        for index in range {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + UInt64(digit)
        }
        return value
    }

    func text(_ range: Range<Int>) -> String {
        String(decoding: range.map { self[$0] }, as: UTF8.self)
    }
}
