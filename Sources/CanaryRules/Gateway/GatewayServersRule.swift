// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Gateway has no server or an empty one, a name that is no DNS label, or a selector that no pod's labels can fit.
enum GatewayServersRule: ObjectRule {
    static let code = RuleCode("CAN0701", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.gateway]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        if let place = object.metadata?["name"], let name = place.string, !IstioName.isLabel(name) {
            report.add(
                at: place,
                "\"\(name)\" is not a name for a Gateway",
                hint: "use at most 63 letters, digits and \"-\""
            )
        }
        if (object.spec?["servers"]?.items ?? []).isEmpty {
            report.add(
                at: object.specField("servers"),
                "the Gateway has no servers",
                hint: "add a server: a port and hosts"
            )
        }
        for server in object.spec?["servers"]?.items ?? [] where server.isNull {
            report.add(at: server, "the server is empty", hint: "remove the \"-\"")
        }
        report.checkLabels(object.spec?["selector"])
    }
}
