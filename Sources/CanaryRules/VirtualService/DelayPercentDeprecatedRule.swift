// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// `fault.delay.percent` is deprecated: `percentage` also takes fractions.
enum DelayPercentDeprecatedRule: ObjectRule {
    static let code = RuleCode("CAN0270", istio: "IST0002")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.httpRoutes {
            guard let percent = route["fault"]?["delay"]?["percent"], percent.integer != 0 else { continue }
            report.add(
                at: percent,
                "\"percent\" of a delay is deprecated",
                hint: "write \"percentage:\" with \"value:\""
            )
        }
    }
}
