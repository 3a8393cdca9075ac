// SPDX-License-Identifier: Apache-2.0

import CRE2

/// Whether RE2, the engine of Istio and Envoy, takes a pattern.
enum RegexSyntax {
    /// Istio's limit for patterns, in bytes.
    static let longest = 1024

    /// The reason why a pattern is refused; `nil` if it is good.
    static func problem(_ pattern: String) -> String? {
        if pattern.isEmpty { return "the pattern is empty" }
        if pattern.utf8.count > longest { return "the pattern is longer than \(longest) bytes" }
        var reason = [CChar](repeating: 0, count: 256)
        var pattern = pattern
        let regex = pattern.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                canary_re2_compile(
                    characters.baseAddress,
                    characters.count,
                    8 << 20,
                    false,
                    &reason,
                    reason.count
                )
            }
        }
        if let regex {
            canary_re2_free(regex)
            return nil
        }
        let end = reason.firstIndex(of: 0) ?? reason.endIndex
        return String(decoding: reason[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
