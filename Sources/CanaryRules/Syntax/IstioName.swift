// SPDX-License-Identifier: Apache-2.0

/// The forms of names that Istio's admission checks know (`pkg/config/validation/agent`).
enum IstioName {
    /// A DNS label of letters in either case, digits and inner dashes, at most 63.
    static func isLabel(_ text: some StringProtocol) -> Bool {
        let dash = UInt8(ascii: "-")
        var count = 0
        var last = dash
        for byte in text.utf8 {
            guard isLetterOrDigit(byte) || (byte == dash && count > 0) else { return false }
            last = byte
            count += 1
        }
        return last != dash && count <= 63
    }

    /// A host name; one trailing dot is allowed, a last label of digits alone is not.
    static func isFullName(_ text: String) -> Bool {
        isDomain(text) { isLabel($0) }
    }

    /// A host name whose first label may be `*`, `*x` or `*-x`. A single label may be of digits alone.
    static func isWildcardDomain(_ text: String) -> Bool {
        guard text.hasPrefix("*") else { return isFullName(text) || isLabel(text) }
        var isFirst = true
        return isDomain(text) { label in
            defer { isFirst = false }
            return isFirst ? isWildcardLabel(label) : isLabel(label)
        }
    }

    /// The server name that Istio makes for a cluster: `outbound_.80_.v1_.reviews.default.svc.cluster.local`.
    static func isClusterServerName(_ text: String) -> Bool {
        let parts = text.split(separator: "_", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "outbound", parts[1].hasPrefix("."),
            Int(parts[1].dropFirst()) != nil,
            parts[2].hasPrefix(".")
        else { return false }
        let subset = parts[2].dropFirst()
        return (subset.isEmpty || isLabel(subset)) && parts[3].hasPrefix(".")
            && isFullName(String(parts[3].dropFirst()))
    }

    private static func isDomain(_ text: String, label isGood: (Substring) -> Bool) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 255 else { return false }
        let name = text.hasSuffix(".") ? text.dropLast() : text[...]
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last, !last.allSatisfy(\.isWholeNumber) else { return false }
        return labels.allSatisfy(isGood)
    }

    private static func isWildcardLabel(_ label: Substring) -> Bool {
        guard label.utf8.count <= 63, label.hasPrefix("*") else { return false }
        let rest = label.dropFirst()
        if rest.isEmpty { return true }
        return isLabel(rest.hasPrefix("-") ? rest.dropFirst() : rest)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
