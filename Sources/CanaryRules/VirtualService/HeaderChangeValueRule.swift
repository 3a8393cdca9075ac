// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The value of a header that a route sets or adds holds control characters or a malformed variable. Values are Envoy's
/// format strings: `%REQ(x-user)%` is a variable, `%%` is the sign itself. A variable that Istio takes and Envoy then refuses
/// is a warning.
enum HeaderChangeValueRule: ObjectRule {
    static let code = RuleCode("CAN0226", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for (operations, _) in object.headerOperations {
            for (name, value) in (operations["set"]?.entries ?? []) + (operations["add"]?.entries ?? []) {
                guard let text = value.string else { continue }
                if let problem = HeaderSyntax.problemOfValue(text) {
                    report.add(
                        at: value,
                        "the value of \"\(name)\" can't be used: \(problem)",
                        hint:
                            "write plain text, variables such as %REQ(x-user)%, and \"%%\" for the sign itself"
                    )
                } else if let problem = HeaderSyntax.problemOfEnvoyValue(text) {
                    report.add(
                        at: value,
                        "the value of \"\(name)\" can't be used: \(problem)",
                        hint: "write \"%%\" for the sign itself",
                        severity: .warning,
                        isKnownToIstio: false
                    )
                }
            }
        }
    }
}
