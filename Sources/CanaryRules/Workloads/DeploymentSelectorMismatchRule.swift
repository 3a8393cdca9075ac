// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Deployment's selector does not select the pods of its own template.
enum DeploymentSelectorMismatchRule: ObjectRule {
    static let code = RuleCode("CAN0402")
    static let kinds: Set<ResourceKind> = [.deployment]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let deployment = object.resource.deployment, !deployment.selector.isEmpty,
            let place = object.spec?["selector"], let template = object.podTemplate,
            !deployment.selector.matches(deployment.template.labels)
        else { return }
        let labels = deployment.template.labels
        if let wrong = place["matchLabels"]?.entries.first(where: { labels[$0.key] != $0.value.string }) {
            let wanted = wrong.value.string ?? ""
            let found = labels[wrong.key].map { "has \"\($0)\"" } ?? "lacks it"
            report.add(
                at: wrong.value,
                "the selector asks for \(wrong.key)=\(wanted), but the template \(found)",
                hint: "make \"spec.template.metadata.labels\" carry all labels of the selector"
            )
        } else {
            report.add(
                at: template["metadata"]?["labels"] ?? place,
                "the selector does not match the template's labels",
                hint: "give the template the labels that the selector asks for"
            )
        }
    }
}
