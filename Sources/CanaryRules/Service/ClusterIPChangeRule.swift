// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The cluster IP of a Service would change. It can only be given up by making the Service one of type ExternalName.
enum ClusterIPChangeRule: ChangeRule {
    static let code = RuleCode("CAN0311")
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, replacing old: Resource, _ report: inout RuleReport) {
        guard let before = old.service, let after = object.resource.service,
            before.type != "ExternalName", after.type != "ExternalName",
            let was = before.clusterIP, let becomes = after.clusterIP,
            !was.isEmpty, !becomes.isEmpty, was != becomes
        else { return }
        report.add(
            at: object.specField("clusterIP"),
            "the cluster IP can't be changed from \"\(was)\" to \"\(becomes)\"",
            hint: "delete the Service and create it again"
        )
    }
}
