// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// One of several ports of a Service has no name, a name is no DNS label, or two ports have the same.
enum ServicePortNameRule: ObjectRule {
    static let code = RuleCode("CAN0302")
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let ports = object.spec?["ports"]?.items ?? []
        var seen: Set<String> = []
        for port in ports {
            let name = port["name"]?.string ?? ""
            if name.isEmpty {
                guard ports.count > 1 else { continue }
                report.add(
                    at: port.field("name"),
                    "the port has no name, and the Service has several ports",
                    hint: "name each port, such as http or grpc-admin"
                )
            } else if !KubernetesName.isLabel(name) {
                report.add(
                    at: port.field("name"),
                    "\"\(name)\" is not a port's name",
                    hint: "use at most 63 lower-case letters, digits and \"-\""
                )
            } else if !seen.insert(name).inserted {
                report.add(
                    at: port.field("name"),
                    "there are two ports \"\(name)\"",
                    hint: "rename one of them"
                )
            }
        }
    }
}
