// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An object's name is not one that Kubernetes takes: lower-case letters, digits, `-` and, for most kinds, `.`. Services
/// and Namespaces are DNS labels, and a Service's name begins with a letter.
enum MetadataNameRule: ObjectRule {
    static let code = RuleCode("CAN0901")
    static let kinds = Set(ResourceKind.allCases)

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let place = object.metadata?["name"], let name = place.string else { return }
        let (isGood, wanted): (Bool, String) =
            switch object.resource.kind {
            case .service:
                (
                    KubernetesName.isServiceName(name),
                    "at most 63 lower-case letters, digits and \"-\", a letter first"
                )
            case .namespace:
                (KubernetesName.isLabel(name), "at most 63 lower-case letters, digits and \"-\"")
            default:
                (KubernetesName.isSubdomain(name), "at most 253 lower-case letters, digits, \"-\" and \".\"")
            }
        guard !isGood else { return }
        report.add(
            at: place,
            "\"\(name)\" is not a name for a \(object.resource.kind.name)",
            hint: "use \(wanted)"
        )
    }
}
