// SPDX-License-Identifier: Apache-2.0

/// A percentage with up to four decimals, exactly.
package struct Percentage: Hashable, Comparable, Sendable {
    /// Of the whole: 1,000,000 is 100 %.
    package let millionths: Int

    package static let zero = Percentage(millionths: 0)
    package static let whole = Percentage(millionths: 1_000_000)

    package init(millionths: Int) {
        self.millionths = millionths
    }

    /// Reads `10`, `10%`, `0.5` or `0.0001`; `nil` for anything else, for more than four decimals, and outside 0 to 100.
    package init?(_ text: String) {
        let number = text.hasSuffix("%") ? text.dropLast() : text[...]
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = Self.digits(parts[0], atMost: 3) else { return nil }
        var fraction = 0
        if parts.count == 2 {
            guard let value = Self.digits(parts[1], atMost: 4) else { return nil }
            fraction = (parts[1].utf8.count..<4).reduce(value) { product, _ in product * 10 }
        }
        let millionths = whole * 10_000 + fraction
        guard millionths <= 1_000_000 else { return nil }
        self.init(millionths: millionths)
    }

    private static func digits(_ text: Substring, atMost count: Int) -> Int? {
        guard (1...count).contains(text.utf8.count), text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 })
        else {
            return nil
        }
        return Int(text)
    }

    package static func < (left: Percentage, right: Percentage) -> Bool { left.millionths < right.millionths }
}

/// `10`, `0.5`: without a percent sign, without trailing zeros.
extension Percentage: CustomStringConvertible {
    package var description: String {
        let (whole, fraction) = millionths.quotientAndRemainder(dividingBy: 10_000)
        guard fraction > 0 else { return "\(whole)" }
        var digits = String(10_000 + fraction).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }
}
