// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A redirect changes nothing, or changes the path in two ways; `prefixRewrite` needs matches by prefix.
enum RedirectShapeRule: ObjectRule {
    static let code = RuleCode("CAN0235", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.httpRoutes {
            guard let redirect = route["redirect"] else { continue }
            func has(_ key: String) -> Bool { !(redirect[key]?.string ?? "").isEmpty }
            if has("prefixRewrite") {
                if has("uri") {
                    report.add(
                        at: redirect.field("prefixRewrite"),
                        "a redirect has \"uri\" or \"prefixRewrite\", not both",
                        hint: "keep one of the two"
                    )
                }
                let others = (route["match"]?.items ?? []).compactMap { $0["uri"] }.filter {
                    $0["prefix"] == nil
                }
                if let other = others.first {
                    report.add(
                        at: other,
                        "a redirect with \"prefixRewrite\" needs matches by prefix",
                        hint: "match the path by \"prefix\", or use \"uri\""
                    )
                }
            }
            let hasPort = redirect["port"] != nil || redirect["derivePort"] != nil
            if !hasPort, !["uri", "prefixRewrite", "authority", "scheme"].contains(where: has) {
                report.add(
                    at: redirect,
                    "the redirect changes nothing",
                    hint: "write uri, prefixRewrite, authority, port, derivePort or scheme"
                )
            }
        }
    }
}
