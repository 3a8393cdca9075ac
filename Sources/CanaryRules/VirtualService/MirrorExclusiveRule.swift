// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A route has both `mirror` and `mirrors`.
enum MirrorExclusiveRule: ObjectRule {
    static let code = RuleCode("CAN0212", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.httpRoutes where route["delegate"] == nil {
            guard route["mirror"] != nil, let mirrors = route["mirrors"], !mirrors.items.isEmpty else {
                continue
            }
            report.add(
                at: mirrors,
                "a route has \"mirror\" or \"mirrors\", not both",
                hint: "move all into \"mirrors\""
            )
        }
    }
}
