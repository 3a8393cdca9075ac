// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Service has no ports. Only headless Services (`clusterIP: None`) and those of type ExternalName need none.
enum ServicePortsMissingRule: ObjectRule {
    static let code = RuleCode("CAN0301")
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let service = object.resource.service, !service.isHeadless, service.type != "ExternalName"
        else { return }
        guard (object.spec?["ports"]?.items ?? []).isEmpty else { return }
        report.add(
            at: object.specField("ports"),
            "the Service has no ports",
            hint: "add \"ports:\" with at least one \"port:\""
        )
    }
}
