// SPDX-License-Identifier: Apache-2.0

/// The written forms of IP addresses.
package enum IPAddress {
    package static func isValid(_ text: String) -> Bool { isVersion4(text) || isVersion6(text) }

    /// An address with an optional prefix length.
    package static func isSubnet(_ text: String) -> Bool {
        guard let slash = text.firstIndex(of: "/") else { return isValid(text) }
        let address = String(text[..<slash])
        guard let length = decimal(text[text.index(after: slash)...]) else { return false }
        return isVersion4(address) ? length <= 32 : isVersion6(address) && length <= 128
    }

    package static func isVersion4(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard part.utf8.count <= 3, let value = decimal(part), value <= 255 else { return false }
                return part.utf8.count == 1 || !part.hasPrefix("0")
            }
    }

    package static func isVersion6(_ text: String) -> Bool {
        guard text.contains(":"), !text.contains(":::") else { return false }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        var groups = 0
        for (index, half) in halves.enumerated() where !half.isEmpty {
            guard let count = groupCount(half, isLast: index == halves.count - 1) else { return false }
            groups += count
        }
        return halves.count == 2 ? groups <= 7 : groups == 8
    }

    /// The 16-bit groups of a part without `::`; the last may end with a dotted quad.
    private static func groupCount(_ text: Substring, isLast: Bool) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var count = 0
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, part.contains(".") {
                guard isVersion4(part) else { return nil }
                count += 2
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ isHexDigit($0) }) else {
                    return nil
                }
                count += 1
            }
        }
        return count
    }

    private static func decimal(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            return nil
        }
        return Int(text)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
