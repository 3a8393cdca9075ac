// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// Reads a duration as Go's `time.ParseDuration` does, which Istio uses: `1.5s`, `100ms`, `1h30m`, `0`.
    /// `nil` for anything else, and where the value leaves the range of 64-bit nanoseconds.
    package init?(goString text: String) {
        var rest = Array(text.utf8)[...]
        let negative = rest.first == UInt8(ascii: "-")
        if negative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        if rest.elementsEqual("0".utf8) {
            self = .zero
            return
        }
        var total = 0.0
        while !rest.isEmpty {
            guard let term = Self.takeTerm(&rest) else { return nil }
            total += term
        }
        guard total < Double(Int64.max) else { return nil }
        let nanoseconds = Int64(total.rounded())
        self = .nanoseconds(negative ? -nanoseconds : nanoseconds)
    }

    package init?(_ node: Node?) {
        guard let text = node?.string, let value = Duration(goString: text) else { return nil }
        self = value
    }

    /// Whole milliseconds, rounded down, at most what an `Int` holds.
    package var milliseconds: Int {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow
            ? (seconds < 0 ? .min : .max) : Int(product) + Int(attoseconds / 1_000_000_000_000_000)
    }

    /// Takes one number with its unit from the front; the result is in nanoseconds.
    private static func takeTerm(_ rest: inout ArraySlice<UInt8>) -> Double? {
        let digits = rest.prefix {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
        }
        guard digits != [UInt8(ascii: ".")], let value = Double(String(decoding: digits, as: UTF8.self))
        else {
            return nil
        }
        rest = rest[digits.endIndex...]
        let unit = rest.prefix {
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) && $0 != UInt8(ascii: ".")
        }
        rest = rest[unit.endIndex...]
        guard let scale = nanoseconds[String(decoding: unit, as: UTF8.self)] else { return nil }
        return value * scale
    }

    private static let nanoseconds: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]
}
