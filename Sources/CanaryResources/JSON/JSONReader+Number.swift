// SPDX-License-Identifier: Apache-2.0

extension JSONReader {
    mutating func number() throws(JSONError) -> Node.Content {
        let start = index
        let startPlace = Position(line: line, column: UInt32(clamping: index - lineStart + 1))
        let isNegative = unsafe bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let whole = skipDigits()
        guard whole > 0 else { throw syntaxError("this is no JSON value") }
        guard unsafe whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else {
            throw syntaxError("a number cannot begin with 0")
        }
        var isInteger = true
        if unsafe index < bytes.count, unsafe bytes[index] == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            guard skipDigits() > 0 else { throw syntaxError("digits should follow the \".\"") }
        }
        if unsafe index < bytes.count, unsafe bytes[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            if unsafe index < bytes.count,
                unsafe bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-")
            {
                index += 1
            }
            guard skipDigits() > 0 else { throw syntaxError("digits should follow the exponent") }
        }
        if isInteger, whole <= 18 {
            var value: Int64 = 0
            for place in (index - whole)..<index {
                let byte = unsafe bytes[place]
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return .integer(isNegative ? -value : value)
        }
        let text = unsafe String(decoding: bytes[start..<index], as: UTF8.self)
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
        while unsafe index < bytes.count, unsafe bytes[index] &- UInt8(ascii: "0") <= 9 { index += 1 }
        return index - start
    }
}
