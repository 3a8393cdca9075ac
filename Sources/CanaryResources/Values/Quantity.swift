// SPDX-License-Identifier: Apache-2.0

/// An amount of a resource as Kubernetes writes it: `100m`, `0.5`, `128Mi`, `2G`, `1e3`.
package struct Quantity: Comparable, Sendable {
    /// As a plain number: CPUs, bytes, or a count. Close enough to compare, not to add up.
    package var value: Double

    private init(value: Double) {
        self.value = value
    }

    /// `nil` unless the text is a decimal number with one of Kubernetes' suffixes (resource.ParseQuantity).
    package init?(_ text: String) {
        var text = text
        guard let value = unsafe text.withUTF8(Self.value) else { return nil }
        self.value = value
    }

    private static func value(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        var end = 0
        if let first = unsafe bytes.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
            end = 1
        }
        let start = end
        while end < bytes.count, unsafe isDigit(bytes[end]) || bytes[end] == UInt8(ascii: ".") { end += 1 }
        let digits = unsafe bytes[start..<end]
        guard unsafe digits.contains(where: isDigit),
            unsafe digits.count(where: { $0 == UInt8(ascii: ".") }) <= 1,
            let number = unsafe Double(String(decoding: bytes[..<end], as: UTF8.self)),
            let factor = unsafe factor(bytes[end...])
        else { return nil }
        return number * factor
    }

    package init?(_ node: Node?) {
        guard let text = node?.string else {
            guard let number = node?.number else { return nil }
            self.init(value: number)
            return
        }
        self.init(text)
    }

    package static func < (left: Quantity, right: Quantity) -> Bool { left.value < right.value }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func factor(_ suffix: Slice<UnsafeBufferPointer<UInt8>>) -> Double? {
        guard let first = unsafe suffix.first else { return 1 }
        if unsafe suffix.count == 1 { return decimalFactor(first) }
        if unsafe suffix.count == 2, unsafe suffix.last == UInt8(ascii: "i") { return binaryFactor(first) }
        guard first | 0x20 == UInt8(ascii: "e"),
            let exponent = unsafe Int(String(decoding: suffix.dropFirst(), as: UTF8.self))
        else { return nil }
        return Double("1e\(exponent)")
    }

    private static func decimalFactor(_ unit: UInt8) -> Double? {
        switch unit {
        case UInt8(ascii: "n"): 1e-9
        case UInt8(ascii: "u"): 1e-6
        case UInt8(ascii: "m"): 1e-3
        case UInt8(ascii: "k"): 1e3
        case UInt8(ascii: "M"): 1e6
        case UInt8(ascii: "G"): 1e9
        case UInt8(ascii: "T"): 1e12
        case UInt8(ascii: "P"): 1e15
        case UInt8(ascii: "E"): 1e18
        default: nil
        }
    }

    private static func binaryFactor(_ unit: UInt8) -> Double? {
        switch unit {
        case UInt8(ascii: "K"): 0x1p10
        case UInt8(ascii: "M"): 0x1p20
        case UInt8(ascii: "G"): 0x1p30
        case UInt8(ascii: "T"): 0x1p40
        case UInt8(ascii: "P"): 0x1p50
        case UInt8(ascii: "E"): 0x1p60
        default: nil
        }
    }
}
