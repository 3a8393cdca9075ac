// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The data of a ConfigMap or Secret that is marked immutable, or a Secret's type, would change.
enum ImmutableDataRule: ChangeRule {
    static let code = RuleCode("CAN0907")
    static let kinds: Set<ResourceKind> = [.configMap, .secret]

    static func check(_ object: CheckedObject, replacing old: Resource, _ report: inout RuleReport) {
        let type = object.root["type"]
        if object.resource.kind == .secret,
            (type?.string ?? "Opaque") != (old.body["type"]?.string ?? "Opaque")
        {
            report.add(
                at: object.root.field("type"),
                "the type of a Secret can't be changed",
                hint: "delete the Secret and create it again"
            )
        }
        guard old.body["immutable"]?.bool == true else { return }
        for key in ["data", "binaryData", "immutable"] where object.root.node[key] != old.body[key] {
            report.add(
                at: object.root.field(key),
                "\"\(key)\" can't be changed: the \(object.resource.kind.name) is immutable",
                hint: "delete it and create it again"
            )
        }
    }
}
