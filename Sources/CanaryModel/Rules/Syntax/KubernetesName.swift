// SPDX-License-Identifier: Apache-2.0

/// The forms of names that Kubernetes knows (apimachinery's `validation` package).
package enum KubernetesName {
    /// DNS-1123 label: lower-case letters, digits and `-`, at most 63.
    package static func isLabel(_ text: String) -> Bool {
        isWord(text, longest: 63, inner: { isLowerOrDigit($0) || $0 == dash }, ends: isLowerOrDigit)
    }

    /// DNS-1035 label: as a DNS-1123 label, but beginning with a letter. Services are named so.
    static func isServiceName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !isDigit(first) else { return false }
        return isLabel(text)
    }

    /// DNS-1123 subdomain: labels with dots between them, at most 253 characters.
    static func isSubdomain(_ text: some StringProtocol) -> Bool {
        var count = 0
        var last = dot
        for byte in text.utf8 {
            switch byte {
            case dot: guard isLowerOrDigit(last) else { return false }
            case dash: guard last != dot else { return false }
            default: guard isLowerOrDigit(byte) else { return false }
            }
            last = byte
            count += 1
        }
        return count <= 253 && isLowerOrDigit(last)
    }

    /// The key of a label or an annotation: an optional prefix, a subdomain, then `/`, then a name.
    static func isQualified(_ text: String) -> Bool {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            return isWord(text, longest: 63, inner: isLabelCharacter, ends: isLetterOrDigit)
        }
        let name = text[text.utf8.index(after: slash)...]
        return isSubdomain(text[..<slash])
            && isWord(name, longest: 63, inner: isLabelCharacter, ends: isLetterOrDigit)
    }

    static func isLabelValue(_ text: String) -> Bool {
        text.isEmpty || isWord(text, longest: 63, inner: isLabelCharacter, ends: isLetterOrDigit)
    }

    /// As ``isLabelValue(_:)``, of any length: Istio does not limit it.
    static func isIstioLabelValue(_ text: String) -> Bool {
        text.isEmpty || isWord(text, longest: .max, inner: isLabelCharacter, ends: isLetterOrDigit)
    }

    /// IANA service name: at most 15 lower-case letters, digits and single dashes, one letter at least.
    static func isPortName(_ text: String) -> Bool {
        isWord(text, longest: 15, inner: { isLowerOrDigit($0) || $0 == dash }, ends: isLowerOrDigit)
            && !text.contains("--") && text.utf8.contains { isLowerOrDigit($0) && !isDigit($0) }
    }

    /// A key of a ConfigMap or Secret.
    static func isConfigKey(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253 && text.utf8.allSatisfy(isLabelCharacter) && text != "."
            && !text.hasPrefix("..")
    }

    /// An environment variable: printable ASCII without `=` (Kubernetes 1.30 and later).
    static func isVariable(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
    }

    private static let dash = UInt8(ascii: "-")
    private static let dot = UInt8(ascii: ".")

    private static func isWord(
        _ text: some StringProtocol,
        longest: Int,
        inner: (UInt8) -> Bool,
        ends: (UInt8) -> Bool
    ) -> Bool {
        var count = 0
        var last: UInt8 = 0
        for byte in text.utf8 {
            guard count > 0 ? inner(byte) : ends(byte) else { return false }
            last = byte
            count += 1
        }
        return count > 0 && count <= longest && ends(last)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLabelCharacter(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == dash || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }
}
