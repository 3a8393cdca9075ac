// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An autoscaler does not say what it scales: the kind or the name is empty.
enum AutoscalerTargetRule: ObjectRule {
    static let code = RuleCode("CAN0502")
    static let kinds: Set<ResourceKind> = [.horizontalPodAutoscaler]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let target = object.spec?["scaleTargetRef"] else { return }
        for key in ["kind", "name"] where target[key]?.string == "" {
            report.add(
                at: target.field(key),
                "the target's \(key) is empty",
                hint: "write the \(key) of what is to be scaled, such as a Deployment's"
            )
        }
    }
}
