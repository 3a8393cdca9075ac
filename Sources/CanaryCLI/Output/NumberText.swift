// SPDX-License-Identifier: Apache-2.0

/// Numbers as pages for people show them.
enum NumberText {
    /// A share as a percentage with as many decimals as it takes, four at most:
    /// `90 %`, `0.1 %`, `33.3333 %`.
    static func percent(_ share: Double) -> String {
        beyond(share) ?? "\(trimmed(share * 100, decimals: 4)) %"
    }

    /// A share with one decimal, as columns want it: `90.0 %`; more only where one would show a positive share as zero, or
    /// less than everything as everything.
    static func percentColumn(_ share: Double) -> String {
        let percent = share * 100
        let isPlain = (0.05..<99.95).contains(percent) || isNothing(share) || isAtLeastAll(share)
        return beyond(share) ?? "\(fixed(percent, decimals: isPlain ? 1 : 4)) %"
    }

    /// A share that four decimals would show as nothing or as everything, and that is neither.
    private static func beyond(_ share: Double) -> String? {
        if share > 0, !isNothing(share), share < 0.000_000_5 { return "<0.0001 %" }
        if share < 1, !isAtLeastAll(share), share >= 0.999_999_5 { return ">99.9999 %" }
        return nil
    }

    // Sums of shares are off by some 1e-16; the smallest that weights can say is 1 of 2^31 and more.
    private static func isNothing(_ share: Double) -> Bool { share.magnitude < 1e-12 }
    private static func isAtLeastAll(_ share: Double) -> Bool { share > 1 - 1e-12 }

    /// A duration in at most seven characters: `0.3 ms`, `12 ms`, `2.5 s`, `600 s`.
    static func duration(milliseconds: Double) -> String {
        func text(_ value: Double, _ unit: String) -> String {
            "\(fixed(value, decimals: value < 9.95 ? 1 : 0)) \(unit)"
        }
        return milliseconds < 999.5 ? text(milliseconds, "ms") : text(milliseconds / 1000, "s")
    }

    /// With commas between groups of three digits: `2,113`.
    static func grouped(_ value: Int64) -> String {
        var digits = String(value.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    static func fixed(_ value: Double, decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard scaled.magnitude < 1e15 else { return String(value) }
        let digits = String(Int64(scaled.magnitude))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        let text = decimals == 0 ? padded : "\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
        return (scaled < 0 ? "-" : "") + text
    }

    private static func trimmed(_ value: Double, decimals: Int) -> String {
        var text = fixed(value, decimals: decimals)
        guard text.contains(".") else { return text }
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}
