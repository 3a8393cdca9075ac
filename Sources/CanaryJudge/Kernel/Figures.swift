// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Numbers as sentences tell them.
package enum Figures {
    /// With so many significant digits at most, without trailing zeros: `3.1`, `137`, `0.004`, `2.3e9`, `∞`.
    package static func text(_ value: Double, digits: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "unknown" : value > 0 ? "∞" : "-∞" }
        guard value != 0 else { return "0" }
        guard value > 0 else { return "-\(text(-value, digits: digits))" }
        var exponent = Int(floor(log10(value)))
        var scaled = rounded(value, exponent: exponent, digits: digits)
        // 9.99 becomes 10.0.
        if scaled >= pow(10, Double(digits)) {
            exponent += 1
            scaled = rounded(value, exponent: exponent, digits: digits)
        }
        let significant = String(UInt64(scaled))
        if exponent >= 7 || exponent < -5 { return "\(point(significant, after: 1))e\(exponent)" }
        if exponent >= digits { return significant + String(repeating: "0", count: exponent + 1 - digits) }
        if exponent >= 0 { return point(significant, after: exponent + 1) }
        return point(String(repeating: "0", count: -exponent) + significant, after: 1)
    }

    /// Seconds, rounded up: `14 s`, `3 min`, `7 h`.
    package static func time(_ seconds: Double) -> String {
        switch seconds {
        case ..<99.5: "\(UInt64(max(seconds, 1).rounded(.up))) s"
        case ..<5940: "\(UInt64((seconds / 60).rounded(.up))) min"
        case ..<3.6e9: "\(UInt64((seconds / 3600).rounded(.up))) h"
        default: "a very long time"
        }
    }

    private static func rounded(_ value: Double, exponent: Int, digits: Int) -> Double {
        (value / pow(10, Double(exponent - digits + 1))).rounded()
    }

    private static func point(_ digits: String, after count: Int) -> String {
        let whole = digits.prefix(count)
        var fraction = digits.dropFirst(count)
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? String(whole) : "\(whole).\(fraction)"
    }
}
