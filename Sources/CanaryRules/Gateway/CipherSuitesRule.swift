// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A cipher suite of a Gateway's server is unknown or given twice and is left out, or old TLS versions are allowed without
/// the suites that they need.
enum CipherSuitesRule: ObjectRule {
    static let code = RuleCode("CAN0706", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.gateway]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for tls in (object.spec?["servers"]?.items ?? []).compactMap({ $0["tls"] }) {
            let suites = tls["cipherSuites"]?.items ?? []
            if suites.isEmpty, let version = tls["minProtocolVersion"],
                ["TLSV1_0", "TLSV1_1"].contains(version.string)
            {
                report.add(
                    at: version,
                    "TLS below 1.2 needs cipher suites that are not among the usual ones",
                    hint: "add \"cipherSuites:\", or allow TLSV1_2 and later only"
                )
            }
            var seen: Set<String> = []
            for suite in suites {
                let name = suite.string ?? ""
                if !isKnown(name) {
                    report.add(
                        at: suite,
                        "\"\(name)\" is not a cipher suite and is left out",
                        hint: Suggestion.closest(to: name, among: CipherSuites.known.sorted())
                            .map { "did you mean \"\($0)\"?" } ?? "use OpenSSL's names, such as AES128-SHA"
                    )
                } else if !seen.insert(name).inserted {
                    report.add(
                        at: suite,
                        "the cipher suite \"\(name)\" is given twice",
                        hint: "remove one of them"
                    )
                }
            }
        }
    }

    /// What begins with neither letter nor digit is an operator, such as `-AES128-SHA`.
    private static func isKnown(_ name: String) -> Bool {
        guard let first = name.first, name != "ALL" else { return true }
        return !(first.isLetter || first.isNumber) || CipherSuites.known.contains(name)
    }
}
