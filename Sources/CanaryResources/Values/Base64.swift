// SPDX-License-Identifier: Apache-2.0

/// Standard base64 with padding (RFC 4648, section 4), as Kubernetes reads `data` of Secrets.
package enum Base64 {
    /// Whether a text decodes; line breaks inside it do not count, as in Go.
    package static func isValid(_ text: String) -> Bool { decodedCount(text) != nil }

    /// How many bytes a text stands for; `nil` if it does not decode.
    package static func decodedCount(_ text: String) -> Int? {
        var symbols = 0
        var padding = 0
        for byte in text.utf8 where byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r") {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                guard padding == 0 else { return nil }
                symbols += 1
            case UInt8(ascii: "="):
                padding += 1
            default:
                return nil
            }
        }
        guard (symbols + padding) % 4 == 0, padding <= 2 else { return nil }
        return (symbols + padding) / 4 * 3 - padding
    }
}
