// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A rewrite changes nothing, or changes the path in two ways; a rewrite by regular expression needs both its parts.
enum RewriteShapeRule: ObjectRule {
    static let code = RuleCode("CAN0234", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for rewrite in object.httpRoutes.compactMap({ $0["rewrite"] }) {
            let uri = !(rewrite["uri"]?.string ?? "").isEmpty
            let authority = !(rewrite["authority"]?.string ?? "").isEmpty
            let regex = rewrite["uriRegexRewrite"]
            if uri, let regex {
                report.add(
                    at: regex,
                    "a rewrite has \"uri\" or \"uriRegexRewrite\", not both",
                    hint: "keep one of the two"
                )
            }
            if !uri, !authority, regex == nil {
                report.add(
                    at: rewrite,
                    "the rewrite changes nothing",
                    hint: "write uri, uriRegexRewrite or authority"
                )
            }
            for key in ["match", "rewrite"] {
                guard let regex, (regex[key]?.string ?? "").isEmpty else { continue }
                report.add(
                    at: regex.field(key),
                    "a rewrite by regular expression needs \"\(key)\"",
                    hint: "write \"match\" and \"rewrite\""
                )
            }
        }
    }
}
