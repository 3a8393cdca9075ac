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
        let bytes = Array(text.utf8)
        var end = 0
        if let first = bytes.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") { end = 1 }
        let start = end
        while end < bytes.count, Self.isDigit(bytes[end]) || bytes[end] == UInt8(ascii: ".") { end += 1 }
        let digits = bytes[start..<end]
        guard digits.contains(where: Self.isDigit), digits.count(where: { $0 == UInt8(ascii: ".") }) <= 1,
            let number = Double(String(decoding: bytes[..<end], as: UTF8.self)),
            let factor = Self.factor(String(decoding: bytes[end...], as: UTF8.self))
        else { return nil }
        value = number * factor
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

    private static func factor(_ suffix: String) -> Double? {
        if let factor = factors[suffix] { return factor }
        guard suffix.hasPrefix("e") || suffix.hasPrefix("E"), let exponent = Int(suffix.dropFirst()) else {
            return nil
        }
        return Double("1e\(exponent)")
    }

    private static let factors: [String: Double] = [
        "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
        "Ki": 0x1p10, "Mi": 0x1p20, "Gi": 0x1p30, "Ti": 0x1p40, "Pi": 0x1p50, "Ei": 0x1p60,
    ]
}
