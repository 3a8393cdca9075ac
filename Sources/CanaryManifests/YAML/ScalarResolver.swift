// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What a plain scalar means: YAML 1.1 as sigs.k8s.io/yaml, and so kubectl, reads it.
///
/// - null: empty, `~`, `null`, `Null`, `NULL`.
/// - booleans: `y`, `yes`, `true`, `on`, `n`, `no`, `false`, `off`; lower case, capitalised, or upper case.
/// - integers: decimal, `0x1F`, `0o14`, `0644` (octal), `0b11`, with a sign and with underscores anywhere but in front.
///   A decimal integer outside of 64 bits is an error (kubectl would round it); in other bases it is a string.
/// - numbers: `1.0`, `.5`, `5.`, `1e3`, also `08` and `09`, which are no octals. One too large for a double is a string.
/// - `.inf` and `.nan` in their spellings are errors, since JSON cannot hold them.
/// - everything else is a string: timestamps (`2001-01-01`), base 60 (`190:20:30`), `=`.
///
/// Quoted and block scalars are always strings; the composer does not ask.
enum ScalarResolver {
    enum Outcome {
        case value(Node.Content)
        case string
        /// Decimal integer that 64 bits cannot hold.
        case hugeInteger
        /// `.inf`, `.nan`.
        case notFinite
    }

    static func resolve(_ bytes: UnsafeBufferPointer<UInt8>) -> Outcome {
        guard let first = unsafe bytes.first else { return .value(.null) }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            return unsafe number(bytes)
        case UInt8(ascii: "."):
            return unsafe isNotFinite(bytes[...]) ? .notFinite : float(bytes[...]) ?? .string
        case UInt8(ascii: "~"):
            return bytes.count == 1 ? .value(.null) : .string
        default:
            return unsafe bytes.count <= 5 ? word(bytes, first | 0x20) : .string
        }
    }

    /// Whether the text, written plain, would be read as something else, or is one of the forms that kubectl quotes
    /// for the sake of other YAML 1.1 readers: dates and numbers to the base 60.
    static func needsQuotes(_ text: String) -> Bool {
        unsafe Array(text.utf8).withUnsafeBufferPointer { bytes in
            guard case .string = unsafe resolve(bytes) else { return true }
            return unsafe isDate(bytes) || isBase60(bytes)
        }
    }

    // MARK: - Words

    private static func word(_ bytes: UnsafeBufferPointer<UInt8>, _ initial: UInt8) -> Outcome {
        switch initial {
        case UInt8(ascii: "y"):
            if unsafe spells(bytes, "y") || spells(bytes, "yes") { return .value(.bool(true)) }
        case UInt8(ascii: "n"):
            if unsafe spells(bytes, "n") || spells(bytes, "no") { return .value(.bool(false)) }
            if unsafe spells(bytes, "null") { return .value(.null) }
        case UInt8(ascii: "t"):
            if unsafe spells(bytes, "true") { return .value(.bool(true)) }
        case UInt8(ascii: "f"):
            if unsafe spells(bytes, "false") { return .value(.bool(false)) }
        case UInt8(ascii: "o"):
            if unsafe spells(bytes, "on") { return .value(.bool(true)) }
            if unsafe spells(bytes, "off") { return .value(.bool(false)) }
        default: break
        }
        return .string
    }

    /// Whether the bytes are the word in lower case, capitalised, or in upper case.
    private static func spells(_ bytes: UnsafeBufferPointer<UInt8>, _ word: StaticString) -> Bool {
        guard bytes.count == word.utf8CodeUnitCount else { return false }
        let lower = unsafe UnsafeBufferPointer(start: word.utf8Start, count: bytes.count)
        guard unsafe zip(bytes, lower).allSatisfy({ $0 | 0x20 == $1 && $0 >= 0x41 }) else { return false }
        let rest = unsafe bytes.dropFirst()
        if unsafe rest.allSatisfy({ $0 >= 0x61 }) { return true }
        return unsafe bytes.allSatisfy { $0 < 0x61 }
    }

    // MARK: - Numbers

    private static func number(_ bytes: UnsafeBufferPointer<UInt8>) -> Outcome {
        if let value = unsafe shortDecimal(bytes) { return .value(.integer(value)) }
        if unsafe bytes.contains(UInt8(ascii: "_")) {
            let plain = unsafe bytes.filter { $0 != UInt8(ascii: "_") }
            return unsafe plain.withUnsafeBufferPointer { unsafe longNumber($0) }
        }
        return unsafe longNumber(bytes)
    }

    /// Up to 18 digits without sign and leading zero: nearly all numbers there are.
    private static func shortDecimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard bytes.count <= 18, unsafe bytes[0] != UInt8(ascii: "0") || bytes.count == 1 else { return nil }
        var value: Int64 = 0
        for index in bytes.indices {
            let byte = unsafe bytes[index]
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ Int64(digit)
        }
        return value
    }

    private static func longNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Outcome {
        var digits = unsafe bytes[...]
        let isNegative = unsafe digits.first == UInt8(ascii: "-")
        if unsafe isNegative || digits.first == UInt8(ascii: "+") {
            unsafe digits = unsafe digits.dropFirst()
        }
        guard let first = unsafe digits.first else { return .string }
        if first == UInt8(ascii: ".") {
            return unsafe isNotFinite(digits) ? .notFinite : float(bytes[...]) ?? .string
        }
        if first == UInt8(ascii: "0"), unsafe digits.count > 1,
            let value = unsafe prefixed(digits, isNegative)
        {
            return .value(.integer(value))
        }
        if unsafe first != UInt8(ascii: "0") || digits.count == 1, unsafe digits.allSatisfy(isDigit) {
            guard let value = unsafe integer(digits, radix: 10, isNegative) else { return .hugeInteger }
            return .value(.integer(value))
        }
        return unsafe float(bytes[...]) ?? .string
    }

    /// `0x…`, `0b…`, `0o…` and `0…`, as Go's `strconv.ParseInt` with base 0.
    private static func prefixed(_ digits: Slice<UnsafeBufferPointer<UInt8>>, _ isNegative: Bool) -> Int64? {
        let radix: Int64
        switch unsafe digits[digits.startIndex + 1] | 0x20 {
        case UInt8(ascii: "x"): radix = 16
        case UInt8(ascii: "b"): radix = 2
        case UInt8(ascii: "o"): radix = 8
        default: return unsafe integer(digits.dropFirst(), radix: 8, isNegative)
        }
        return unsafe integer(digits.dropFirst(2), radix: radix, isNegative)
    }

    private static func integer(
        _ digits: Slice<UnsafeBufferPointer<UInt8>>,
        radix: Int64,
        _ isNegative: Bool
    ) -> Int64? {
        guard unsafe !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for index in unsafe digits.indices {
            let byte = unsafe digits[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            guard digit < radix else { return nil }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: radix)
            let (sum, tooLargeAgain) = product.addingReportingOverflow(
                isNegative ? -Int64(digit) : Int64(digit)
            )
            guard !tooLarge, !tooLargeAgain else { return nil }
            value = sum
        }
        return value
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, if a double can hold it.
    private static func float(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Outcome? {
        var rest = unsafe bytes
        if let sign = unsafe rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            unsafe rest.removeFirst()
        }
        let whole = unsafe rest.prefix(while: isDigit)
        unsafe rest = unsafe rest[whole.endIndex...]
        var fraction = 0
        if unsafe rest.first == UInt8(ascii: ".") {
            fraction = unsafe rest.dropFirst().prefix(while: isDigit).count
            unsafe rest = unsafe rest.dropFirst(1 + fraction)
        }
        guard unsafe !whole.isEmpty || fraction > 0 else { return nil }
        if let mark = unsafe rest.first, mark | 0x20 == UInt8(ascii: "e") {
            unsafe rest.removeFirst()
            if let sign = unsafe rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                unsafe rest.removeFirst()
            }
            guard unsafe !rest.isEmpty, unsafe rest.allSatisfy(isDigit) else { return nil }
        } else if unsafe !rest.isEmpty {
            return nil
        }
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        guard let value = Double(text.hasSuffix(".") ? text + "0" : text), value.isFinite else { return nil }
        return .value(.number(value))
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// `.inf`, `.nan` in three spellings each, without a sign.
    private static func isNotFinite(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        unsafe bytes.count == 4
            && [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains {
                unsafe bytes.elementsEqual($0.utf8)
            }
    }

    // MARK: - Forms that kubectl quotes

    /// `2001-01-01`, with or without a time behind it.
    private static func isDate(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count >= 8, unsafe bytes.prefix(4).allSatisfy(isDigit),
            unsafe bytes[4] == UInt8(ascii: "-")
        else {
            return false
        }
        let month = unsafe bytes.dropFirst(5).prefix(while: isDigit)
        guard unsafe (1...2).contains(month.count), unsafe month.endIndex < bytes.count,
            unsafe bytes[month.endIndex] == UInt8(ascii: "-")
        else { return false }
        return unsafe bytes[(month.endIndex + 1)...].first.map(isDigit) ?? false
    }

    /// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`
    private static func isBase60(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var parts = unsafe bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)[...]
        guard unsafe parts.count > 1, var head = unsafe parts.popFirst() else { return false }
        if let sign = unsafe head.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            unsafe head.removeFirst()
        }
        guard let first = unsafe head.first, isDigit(first),
            unsafe head.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "_") })
        else { return false }
        return unsafe parts.allSatisfy { part in
            unsafe part.first.map(isDigit) ?? false
                && part.allSatisfy {
                    isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
                }
        }
    }
}
