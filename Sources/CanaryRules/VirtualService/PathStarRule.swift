// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A condition on `uri` ends in `/*`, and compares it letter by letter: in `exact` and `prefix` a star stands for itself, so that
/// `/api/*` takes no request for `/api/users`.
enum PathStarRule: ObjectRule {
    static let code = RuleCode("CAN1131")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService, .rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for match in object.httpMatches {
            for test in ["exact", "prefix"] {
                guard let place = match["uri"]?[test], let text = place.string, text.hasSuffix("/*") else {
                    continue
                }
                let prefix = text.dropLast()
                report.add(
                    at: place,
                    "\"\(text)\" takes no request for \"\(prefix)users\": a star stands for itself",
                    hint: test == "prefix" ? "write \"\(prefix)\"" : "write \"prefix: \(prefix)\""
                )
            }
        }
    }
}
