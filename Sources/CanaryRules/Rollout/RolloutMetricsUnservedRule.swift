// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Rollout has metrics, which nothing asks yet: it waits behind its first step.
enum RolloutMetricsUnservedRule: ObjectRule {
    static let code = RuleCode("CAN1207")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let place = object.spec?["analysis"]?["metrics"], !place.items.isEmpty else { return }
        report.add(
            at: place,
            "nothing asks metrics yet, so that the rollout waits behind its first step",
            hint: "leave them out"
        )
    }
}
