// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A number of a Deployment is negative, or the deadline for progress is not above the time that a pod must be ready.
enum DeploymentNumbersRule: ObjectRule {
    static let code = RuleCode("CAN0403")
    static let kinds: Set<ResourceKind> = [.deployment]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.spec else { return }
        for key in ["replicas", "minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"] {
            guard let place = spec[key], let value = place.integer, value < 0 else { continue }
            report.add(at: place, "\"\(key)\" is below 0", hint: "write 0 or more")
        }
        let ready = spec["minReadySeconds"]?.integer ?? 0
        let deadline = spec["progressDeadlineSeconds"]?.integer ?? 600
        guard ready >= 0, deadline >= 0, deadline <= ready else { return }
        report.add(
            at: spec["progressDeadlineSeconds"] ?? spec.field("minReadySeconds"),
            "\"progressDeadlineSeconds\" (\(deadline)) must be above \"minReadySeconds\" (\(ready))",
            hint: "raise progressDeadlineSeconds, or lower minReadySeconds"
        )
    }
}
