// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An environment variable has no usable name, or both a value and a source for it.
enum EnvironmentVariablesRule: ObjectRule {
    static let code = RuleCode("CAN0410")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for variable in object.containers.flatMap({ $0["env"]?.items ?? [] }) {
            if let place = variable["name"], let name = place.string, !KubernetesName.isVariable(name) {
                report.add(
                    at: place,
                    name.isEmpty ? "the variable's name is empty" : "\"\(name)\" is not a variable's name",
                    hint: "use letters, digits, \"_\", \"-\" and \".\", not beginning with a digit"
                )
            }
            guard let source = variable["valueFrom"] else { continue }
            if !(variable["value"]?.string ?? "").isEmpty {
                report.add(
                    at: source,
                    "a variable has \"value\" or \"valueFrom\", not both",
                    hint: "keep one of the two"
                )
            }
            let given = source.entries.filter { !$0.value.isNull }.count
            if given != 1 {
                report.add(
                    at: source,
                    "\"valueFrom\" names \(given) sources, and needs one",
                    hint: "keep one of fieldRef, resourceFieldRef, configMapKeyRef and secretKeyRef"
                )
            }
        }
    }
}
