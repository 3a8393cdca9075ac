// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A route changes the authority in more than one place: by `rewrite.authority` and by setting or adding `:authority` or
/// `Host`.
enum AuthorityTwiceRule: ObjectRule {
    static let code = RuleCode("CAN0227", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.httpRoutes {
            let request = route["headers"]?["request"]
            let headers = ((request?["set"]?.entries ?? []) + (request?["add"]?.entries ?? []))
                .filter { [":authority", "host"].contains($0.key.lowercased()) }
            let rewrite = route["rewrite"]?["authority"].flatMap { $0.string == "" ? nil : $0 }
            let places = [rewrite].compactMap(\.self) + headers.map(\.value)
            guard places.count > 1, let last = places.last else { continue }
            report.add(
                at: last,
                "the route changes the authority more than once",
                hint: "keep one of the changes"
            )
        }
    }
}
