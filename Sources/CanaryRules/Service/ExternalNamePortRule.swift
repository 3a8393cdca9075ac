// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A port of a Service of type ExternalName has no name that says its protocol, or is named `tcp`. Istio then listens for
/// TCP on that port for every host, and takes requests of other Services with it.
enum ExternalNamePortRule: ObjectRule {
    static let code = RuleCode("CAN0312", istio: "IST0150")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard object.resource.service?.type == "ExternalName", !PortProtocol.isExempt(object.resource) else {
            return
        }
        for port in object.spec?["ports"]?.items ?? [] {
            guard PortProtocol.isUnknown(port) || port["name"]?.string == "tcp" else { continue }
            report.add(
                at: port.field("name"),
                "the port's name does not say the protocol of \"\(object.resource.service?.externalName ?? "")\"",
                hint: "name it after its protocol, such as http or https"
            )
            // One finding about a Service, as istioctl has it.
            return
        }
    }
}
