// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A condition on a header is named `uri`, `scheme`, `method` or `authority`, which are no headers. Istio's documentation says
/// that such keys are ignored; what it makes of them is a condition on a header of that name, which no request has. Both were
/// hardly meant: the match block has fields of these names.
enum HeaderOfPseudoNameRule: ObjectRule {
    static let code = RuleCode("CAN1123")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    private static let names: Set<String> = ["uri", "scheme", "method", "authority"]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for match in object.httpMatches {
            for (field, effect) in [("headers", "no request"), ("withoutHeaders", "every request")] {
                for (key, value) in match[field]?.entries ?? [] where names.contains(key.lowercased()) {
                    let name = key.lowercased()
                    report.add(
                        at: value,
                        "\"\(key)\" is taken for the name of a header here, and \(effect) meets the condition",
                        hint: field == "headers"
                            ? "move it out of \"headers\": write \"\(name)\" beside it"
                            : "write \":\(name == "uri" ? "path" : name)\" for what the request asks for"
                    )
                }
            }
        }
    }
}
