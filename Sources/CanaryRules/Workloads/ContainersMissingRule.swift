// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A pod has no containers.
enum ContainersMissingRule: ObjectRule {
    static let code = RuleCode("CAN0406")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let template = object.podTemplate else { return }
        guard let pod = template["spec"] else {
            report.add(
                at: template.field("spec"),
                "the pod has no \"spec\"",
                hint: "add \"spec:\" with \"containers:\""
            )
            return
        }
        guard let list = pod["containers"], list.items.isEmpty, list.node.sequence != nil else { return }
        report.add(at: list, "the pod has no containers", hint: "add a container with a name and an image")
    }
}
