// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An annotation is reserved for Istio's own use, or asks for a dry run, which only AuthorizationPolicies know.
enum ReservedAnnotationRule: ObjectRule {
    static let code = RuleCode("CAN0908", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [
        .virtualService, .destinationRule, .gateway, .serviceEntry, .workloadEntry,
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for (key, place) in object.metadata?["annotations"]?.entries ?? [] {
            if key == "istio.io/dry-run" {
                report.add(
                    at: place,
                    "a \(object.resource.kind.name) has no dry run",
                    hint: "remove the annotation; canaryctl apply --dry-run=server shows what would change"
                )
            } else if key.hasPrefix("internal.istio.io/parent")
                || key == "internal.istio.io/webhook-always-reject"
            {
                report.add(
                    at: place,
                    "\"\(key)\" is reserved for Istio's own use",
                    hint: "remove the annotation"
                )
            }
        }
    }
}
