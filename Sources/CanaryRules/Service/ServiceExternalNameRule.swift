// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Service of type ExternalName has no name to point at, or one that is not a host name.
enum ServiceExternalNameRule: ObjectRule {
    static let code = RuleCode("CAN0306")
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.spec, spec["type"]?.string == "ExternalName" else { return }
        let name = spec["externalName"]?.string ?? ""
        let bare = name.hasSuffix(".") ? String(name.dropLast()) : name
        if name.isEmpty {
            report.add(
                at: spec.field("externalName"),
                "a Service of type ExternalName needs \"externalName\"",
                hint: "add \"externalName:\" with a host name"
            )
        } else if !KubernetesName.isSubdomain(bare) {
            report.add(
                at: spec.field("externalName"),
                "\"\(name)\" is not a host name",
                hint: "write a name such as db.example.com"
            )
        }
        if let address = spec["clusterIP"], !["", "None"].contains(address.string ?? "") {
            report.add(
                at: address,
                "a Service of type ExternalName has no cluster IP",
                hint: "leave \"clusterIP\" out"
            )
        }
    }
}
