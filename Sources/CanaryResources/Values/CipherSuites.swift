// SPDX-License-Identifier: Apache-2.0

/// Cipher suites of TLS below 1.3, by OpenSSL's names.
package enum CipherSuites {
    /// Those of BoringSSL that Istio takes (`pkg/config/security`).
    package static let known: Set<String> = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA",
        "AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA", "DES-CBC3-SHA",
    ]

    /// Those among some names that BoringSSL still has, in their order, each once.
    package static func known(among names: [String]) -> [String] {
        var seen: Set<String> = ["DES-CBC3-SHA"]
        return names.filter { known.contains($0) && seen.insert($0).inserted }
    }
}
