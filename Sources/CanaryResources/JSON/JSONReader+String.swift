// SPDX-License-Identifier: Apache-2.0

extension JSONReader {
    mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        var bits: UInt8 = 0
        while unsafe index < bytes.count {
            let byte = unsafe bytes[index]
            bits |= byte
            switch byte {
            case UInt8(ascii: "\""):
                let utf8 = unsafe UnsafeBufferPointer(rebasing: bytes[start..<index])
                // Almost all are ASCII, and then a quarter of the time does.
                let text =
                    unsafe bits < 0x80
                    ? String(decoding: utf8, as: UTF8.self) : String(validating: utf8, as: UTF8.self)
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
        var text = unsafe Array(bytes[start..<index])
        while unsafe index < bytes.count {
            let byte = unsafe bytes[index]
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
        guard unsafe index + 1 < bytes.count else { throw syntaxError("the string never ends") }
        let letter = unsafe bytes[index + 1]
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
        if (0xd800..<0xdc00).contains(code), unsafe index + 7 < bytes.count,
            unsafe bytes[index + 6] == UInt8(ascii: "\\"),
            unsafe bytes[index + 7] == UInt8(ascii: "u"), let low = hexadecimal(at: index + 8),
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
        guard unsafe start + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for place in start..<start + 4 {
            let byte = unsafe bytes[place]
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
