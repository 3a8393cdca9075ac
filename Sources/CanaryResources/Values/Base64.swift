// SPDX-License-Identifier: Apache-2.0

/// Standard base64 with padding (RFC 4648, section 4).
package enum Base64 {
    /// What else a format takes.
    package enum Dialect: Sendable {
        /// Line breaks between the symbols, as Go, and so Kubernetes' fields of bytes.
        case kubernetes
        /// Spaces and control characters between the symbols: `!!binary`.
        case yaml
        /// Also the URL-safe alphabet (RFC 4648, 5), padding optional: protobuf's JSON, and so Istio's fields of bytes.
        case protobuf

        fileprivate func leavesOut(_ byte: UInt8) -> Bool {
            switch self {
            case .kubernetes: byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            case .yaml: byte <= UInt8(ascii: " ")
            case .protobuf: false
            }
        }
    }

    /// Whether a text decodes, as Kubernetes reads it.
    package static func isValid(_ text: String) -> Bool { decodedCount(text) != nil }

    /// How many bytes a text stands for, as Kubernetes reads it; `nil` if it does not decode.
    package static func decodedCount(_ text: String) -> Int? {
        var count = 0
        return scan(text.utf8, .kubernetes) { _ in count += 1 } ? count : nil
    }

    /// The bytes that a text stands for; `nil` if it does not decode.
    package static func decode(_ text: some Sequence<UInt8>, _ dialect: Dialect) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.underestimatedCount / 4 * 3)
        return scan(text, dialect) { bytes.append($0) } ? bytes : nil
    }

    /// Hands out the bytes of a text that decodes, as Kubernetes reads it, to whoever wants no copy of them.
    package static func decode(_ text: String, _ body: (UInt8) -> Void) {
        _ = scan(text.utf8, .kubernetes, body)
    }

    /// Hands out the bytes as they come; `false` where the text does not decode.
    private static func scan(_ text: some Sequence<UInt8>, _ dialect: Dialect, _ body: (UInt8) -> Void)
        -> Bool
    {
        var bits: UInt32 = 0
        var symbols = 0
        var padding = 0
        for byte in text where !dialect.leavesOut(byte) {
            if byte == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = value(of: byte, dialect) else { return false }
            bits = bits << 6 | UInt32(value)
            symbols += 1
            // Each symbol but the first of four completes a byte.
            let place = symbols % 4
            if place != 1 { body(UInt8(truncatingIfNeeded: bits >> UInt32((4 - place) % 4 * 2))) }
        }
        guard dialect != .protobuf else { return symbols % 4 != 1 }
        return (symbols + padding) % 4 == 0 && padding <= 2
    }

    private static func value(of symbol: UInt8, _ dialect: Dialect) -> UInt8? {
        switch symbol {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): symbol - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): symbol - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): symbol - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        case UInt8(ascii: "-") where dialect == .protobuf: 62
        case UInt8(ascii: "_") where dialect == .protobuf: 63
        default: nil
        }
    }
}
