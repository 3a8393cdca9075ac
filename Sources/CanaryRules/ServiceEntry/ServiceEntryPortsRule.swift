// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A port of a ServiceEntry is empty, has a name or number that another has, or a protocol that does not exist.
enum ServiceEntryPortsRule: ObjectRule {
    static let code = RuleCode("CAN0711", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    static let protocols: Set<String> = [
        "HTTP", "HTTP2", "HTTP_PROXY", "GRPC", "GRPC-WEB", "GRPC-WEB", "HTTPS", "TLS", "TCP", "UDP", "MONGO",
        "REDIS",
        "MYSQL", "HBONE", "",
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var names: Set<String> = []
        var numbers: Set<Int64> = []
        for port in object.spec?["ports"]?.items ?? [] {
            guard !port.isNull else {
                report.add(at: port, "the port is empty", hint: "remove the \"-\"")
                continue
            }
            if let place = port["name"], let name = place.string {
                if !IstioName.isLabel(name) {
                    report.add(
                        at: place,
                        "\"\(name)\" is not a port's name",
                        hint: "use letters, digits and \"-\""
                    )
                } else if !names.insert(name).inserted {
                    report.add(
                        at: place,
                        "there are two ports \"\(name)\"",
                        hint: "give each of the ports a name of its own"
                    )
                }
            }
            if let place = port["number"], let number = place.integer, !numbers.insert(number).inserted {
                report.add(
                    at: place,
                    "there are two ports of number \(number)",
                    hint: "keep one of the two, or change its number"
                )
            }
            if let place = port["protocol"], let text = place.string, !protocols.contains(text.uppercased()) {
                report.add(
                    at: place,
                    "\"\(text)\" is not a protocol",
                    hint: "use HTTP, HTTP2, GRPC, HTTPS, TLS or TCP"
                )
            }
        }
    }
}
