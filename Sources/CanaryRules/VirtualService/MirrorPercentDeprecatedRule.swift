// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// `mirrorPercent` is deprecated: `mirrorPercentage` also takes fractions.
enum MirrorPercentDeprecatedRule: ObjectRule {
    static let code = RuleCode("CAN0214", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.httpRoutes {
            for key in ["mirrorPercent", "mirror_percent"] {
                guard let place = route[key] else { continue }
                report.add(
                    at: place,
                    "\"\(key)\" is deprecated",
                    hint: "write \"mirrorPercentage:\" with \"value:\""
                )
            }
        }
    }
}
