// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Rollout is the only member of its group, or a member has other steps than this one.
///
/// The members of a group take each step together.
enum RolloutGroupAloneRule: ReferenceRule {
    static let code = RuleCode("CAN1217")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let spec = object.resource.rollout, let group = spec.group else { return }
        let token = IndexToken.group(group, namespace: object.resource.namespace)
        let others = cluster.snapshot.resources(with: token).filter { $0.key != object.resource.key }
        if others.isEmpty {
            report.add(
                at: object.specField("group"),
                "no other Rollout is in group \"\(group)\"",
                hint: "give another Rollout of the namespace the same group, or leave it out"
            )
        } else if let other = others.first(where: { $0.rollout?.steps.count != spec.steps.count }) {
            report.add(
                at: object.specField(spec.steps.isEmpty ? "group" : "steps"),
                "Rollout \"\(other.name)\" of group \"\(group)\" has another number of steps",
                hint: "give all of the group as many steps"
            )
        }
    }
}
