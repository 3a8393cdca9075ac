// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A route says how many requests to mirror, and not where: nothing is mirrored. Items of `mirrors` have percentages of their own.
enum MirrorShareUnusedRule: ObjectRule {
    static let code = RuleCode("CAN1133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.httpRoutes where route["mirror"] == nil {
            let shares = ["mirrorPercentage", "mirrorPercent", "mirror_percent"].compactMap { route[$0] }
            for share in shares {
                report.add(
                    at: share,
                    "\(share.label) stands without \"mirror\": nothing is mirrored by it",
                    hint: route["mirrors"] == nil
                        ? "add \"mirror:\" with a destination, or remove it"
                        : "give the items of \"mirrors\" a \"percentage\" of their own"
                )
            }
        }
    }
}
