// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The pods of a Deployment have another restart policy than Always, or a deadline.
enum DeploymentRestartPolicyRule: ObjectRule {
    static let code = RuleCode("CAN0405")
    static let kinds: Set<ResourceKind> = [.deployment]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let pod = object.podSpec else { return }
        if let policy = pod["restartPolicy"], let text = policy.string, !["", "Always"].contains(text) {
            report.add(
                at: policy,
                "the restart policy \"\(text)\" is not possible in a Deployment",
                hint: "remove it, or write Always"
            )
        }
        if let deadline = pod["activeDeadlineSeconds"] {
            report.add(
                at: deadline,
                "the pods of a Deployment can't have \"activeDeadlineSeconds\"",
                hint: "leave it out: only Jobs end by themselves"
            )
        }
    }
}
