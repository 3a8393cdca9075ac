// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A container's name is no DNS label, or two containers of a pod have the same.
enum ContainerNameRule: ObjectRule {
    static let code = RuleCode("CAN0407")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var seen: Set<String> = []
        for container in object.containers {
            guard let place = container["name"], let name = place.string else { continue }
            if !KubernetesName.isLabel(name) {
                report.add(
                    at: place,
                    name.isEmpty ? "the container's name is empty" : "\"\(name)\" is not a container's name",
                    hint: "use at most 63 lower-case letters, digits and \"-\""
                )
            } else if !seen.insert(name).inserted {
                report.add(at: place, "there are two containers \"\(name)\"", hint: "rename one of them")
            }
        }
    }
}
