// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A header that a match asks for has no valid name, or nothing to compare with.
enum MatchHeaderNameRule: ObjectRule {
    static let code = RuleCode("CAN0219", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService, .rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for match in object.httpMatches {
            for key in ["headers", "withoutHeaders"] {
                for (name, value) in match[key]?.entries ?? [] {
                    if !HeaderSyntax.isMatchName(name) {
                        report.add(
                            at: value,
                            "\"\(name)\" is not a header's name",
                            hint: "use letters, digits and \"-\""
                        )
                    } else if key == "headers", value.isNull {
                        report.add(
                            at: value,
                            "the header \"\(name)\" has nothing to compare with",
                            hint: "write exact, prefix or regex, or {} for any value"
                        )
                    }
                }
            }
        }
    }
}
