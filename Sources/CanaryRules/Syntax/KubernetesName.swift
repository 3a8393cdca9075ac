// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// The forms of names that Kubernetes knows (apimachinery's `validation` package).
package enum KubernetesName {
    /// DNS-1123 label: lower-case letters, digits and `-`, at most 63.
    package static func isLabel(_ text: String) -> Bool {
        text.withSlice(isLabel)
    }

    /// DNS-1035 label: as a DNS-1123 label, but beginning with a letter. Services are named so.
    static func isServiceName(_ text: String) -> Bool {
        text.withSlice { bytes in bytes.first.map { !isDigit($0) } ?? false && isLabel(bytes) }
    }

    /// DNS-1123 subdomain: labels with dots between them, at most 253 characters.
    static func isSubdomain(_ text: String) -> Bool {
        text.withSlice { isSubdomain($0[...]) }
    }

    /// The key of a label or an annotation: an optional prefix, a subdomain, then `/`, then a name.
    package static func isQualified(_ text: String) -> Bool {
        text.withSlice { bytes in
            guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")) else {
                return isWord(bytes[...], longest: 63, inner: isLabelCharacter, ends: isLetterOrDigit)
            }
            return isSubdomain(bytes[..<slash])
                && isWord(bytes[(slash + 1)...], longest: 63, inner: isLabelCharacter, ends: isLetterOrDigit)
        }
    }

    package static func isLabelValue(_ text: String) -> Bool {
        text.isEmpty
            || text.withSlice {
                isWord($0[...], longest: 63, inner: isLabelCharacter, ends: isLetterOrDigit)
            }
    }

    /// As ``isLabelValue(_:)``, of any length: Istio does not limit it.
    static func isIstioLabelValue(_ text: String) -> Bool {
        text.isEmpty
            || text.withSlice {
                isWord($0[...], longest: .max, inner: isLabelCharacter, ends: isLetterOrDigit)
            }
    }

    /// IANA service name: at most 15 lower-case letters, digits and single dashes, one letter at least.
    static func isPortName(_ text: String) -> Bool {
        text.withSlice { bytes in
            bytes.count <= 15 && isLabel(bytes)
                && !zip(bytes, bytes.dropFirst()).contains { $0 == dash && $1 == dash }
                && bytes.contains { isLowerOrDigit($0) && !isDigit($0) }
        }
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

    /// A name for an object that is about a host: the host itself where that is a name, else what is left of it. There is room
    /// for a suffix.
    package static func subdomain(like host: String) -> String {
        let text = host.hasPrefix("*") ? "wildcard\(host.dropFirst())" : host
        let labels = text.lowercased().split(separator: ".").map { label in
            let bytes = label.utf8.map { isLowerOrDigit($0) ? $0 : dash }.drop { $0 == dash }
            let end = bytes.reversed().drop { $0 == dash }
            return String(decoding: end.reversed(), as: UTF8.self)
        }
        let name = String(labels.filter { !$0.isEmpty }.joined(separator: ".").prefix(longestStem))
        guard !isSubdomain(name) else { return name }
        // Cut off behind a dot or dash, or nothing left.
        return name.utf8.last.map(isLowerOrDigit) == false ? subdomain(like: String(name.dropLast())) : "host"
    }

    private static let longestStem = 230

    private static let dash = UInt8(ascii: "-")
    private static let dot = UInt8(ascii: ".")

    // These checks run for every label of every object, and bytes in memory are read several times as fast as a string's view
    // of them.

    private static func isLabel(_ bytes: ByteSlice) -> Bool {
        isWord(bytes[...], longest: 63, inner: { isLowerOrDigit($0) || $0 == dash }, ends: isLowerOrDigit)
    }

    private static func isSubdomain(_ bytes: Slice<ByteSlice>) -> Bool {
        var last = dot
        for byte in bytes {
            switch byte {
            case dot: guard isLowerOrDigit(last) else { return false }
            case dash: guard last != dot else { return false }
            default: guard isLowerOrDigit(byte) else { return false }
            }
            last = byte
        }
        return bytes.count <= 253 && isLowerOrDigit(last)
    }

    @inline(__always)
    private static func isWord(
        _ bytes: Slice<ByteSlice>,
        longest: Int,
        inner: (UInt8) -> Bool,
        ends: (UInt8) -> Bool
    ) -> Bool {
        guard let first = bytes.first, let last = bytes.last, bytes.count <= longest else { return false }
        return ends(first) && ends(last) && bytes.allSatisfy(inner)
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
