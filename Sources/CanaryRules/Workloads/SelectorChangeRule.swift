// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The selector of a Deployment would change, which Kubernetes refuses: the pods of the old one would be orphaned.
enum SelectorChangeRule: ChangeRule {
    static let code = RuleCode("CAN0416")
    static let kinds: Set<ResourceKind> = [.deployment]

    static func check(_ object: CheckedObject, replacing old: Resource, _ report: inout RuleReport) {
        guard let before = old.deployment?.selector, let after = object.resource.deployment?.selector,
            before != after
        else { return }
        report.add(
            at: object.specField("selector"),
            "the selector of a Deployment can't be changed",
            hint: "delete the Deployment and create it again, or give it another name"
        )
    }
}
