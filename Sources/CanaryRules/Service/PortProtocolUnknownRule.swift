// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The name of a Service's port does not say which protocol it speaks, and `appProtocol` is not given. Istio then finds
/// out by itself, or takes it for TCP; names such as `http` or `grpc-admin` are clearer.
enum PortProtocolUnknownRule: ObjectRule {
    static let code = RuleCode("CAN0308", istio: "IST0118")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard object.resource.service?.type != "ExternalName", !PortProtocol.isExempt(object.resource) else {
            return
        }
        for port in object.spec?["ports"]?.items ?? [] where PortProtocol.isUnknown(port) {
            if let place = port["appProtocol"] {
                report.add(
                    at: place,
                    "\"\(place.string ?? "")\" is not a protocol that Istio knows",
                    hint: "use http, http2, https, grpc, tls or tcp"
                )
                continue
            }
            let name = port["name"]?.string ?? ""
            report.add(
                at: port.field("name"),
                name.isEmpty
                    ? "the port has no name that says its protocol"
                    : "the port's name \"\(name)\" does not say its protocol",
                hint: "name it http, or http-\(name.isEmpty ? "web" : name), or set \"appProtocol\""
            )
        }
    }
}
