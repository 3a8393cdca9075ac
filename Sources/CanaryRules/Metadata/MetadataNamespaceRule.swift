// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The name of an object's namespace is not a DNS label.
enum MetadataNamespaceRule: ObjectRule {
    static let code = RuleCode("CAN0902")
    static let kinds = Set(ResourceKind.allCases)

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let place = object.metadata?["namespace"], let name = place.string, !name.isEmpty,
            !KubernetesName.isLabel(name)
        else { return }
        report.add(
            at: place,
            "\"\(name)\" is not a namespace's name",
            hint: "use at most 63 lower-case letters, digits and \"-\""
        )
    }
}
