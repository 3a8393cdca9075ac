// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Which texts a condition of a match block accepts. Texts are compared as bytes, as the proxy and Envoy do.
struct TextCondition: Hashable {
    enum Test {
        case present, exact, prefix, regex
    }

    let test: Test
    /// In lower case where case is ignored; empty for `present`.
    let text: [UInt8]
    /// Istio's `ignoreUriCase`, which regular expressions do not heed.
    let ignoresCase: Bool

    init(_ match: StringMatch, ignoresCase: Bool = false) {
        let written: String
        switch match {
        case .present: (test, written) = (.present, "")
        case .exact(let text): (test, written) = (.exact, text)
        case .prefix(let text): (test, written) = (.prefix, text)
        case .regex(let text): (test, written) = (.regex, text)
        }
        self.ignoresCase = ignoresCase && test != .regex
        text = self.ignoresCase ? Self.lowercased(Array(written.utf8)) : Array(written.utf8)
    }

    /// Whether each text that the other accepts is accepted here. Never `true` by mistake; `false` also where it can't
    /// be decided cheaply, as for two different regular expressions.
    func covers(_ other: TextCondition, _ patterns: PatternCache) -> Bool {
        if self == other || test == .present || test == .prefix && text.isEmpty { return true }
        switch (test, other.test) {
        case (.exact, .exact): return accepts(other) { $0 == $1 }
        case (.prefix, .exact), (.prefix, .prefix): return accepts(other) { $0.starts(with: $1) }
        case (.regex, .exact): return !other.ignoresCase && patterns.matches(text, other.text)
        case (.regex, .prefix):
            guard !other.ignoresCase, let head = openEnded else { return false }
            return patterns.matches(head, other.text)
        default: return false
        }
    }

    private func accepts(_ other: TextCondition, _ compare: ([UInt8], [UInt8]) -> Bool) -> Bool {
        guard ignoresCase || !other.ignoresCase else { return false }
        return compare(ignoresCase ? Self.lowercased(other.text) : other.text, text)
    }

    /// What stands before a final `.*`, if everything that begins with a match of it matches the pattern: there must be
    /// no alternative, no end of text, no boundary and no quotation before.
    private var openEnded: [UInt8]? {
        guard text.suffix(2) == [UInt8(ascii: "."), UInt8(ascii: "*")] else { return nil }
        let head = text.dropLast(2)
        var isEscaped = false
        for byte in head {
            if isEscaped {
                guard Self.harmlessEscapes.contains(byte) else { return nil }
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "|") || byte == UInt8(ascii: "$") {
                return nil
            }
        }
        return isEscaped ? nil : Array(head)
    }

    private static let harmlessEscapes = Set("dws./-_+*?()[]{}\\".utf8)

    private static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }
}
