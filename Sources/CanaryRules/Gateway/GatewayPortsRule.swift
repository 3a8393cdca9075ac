// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A server's port has no name, a number out of range, a protocol that does not exist, or a name that another server has. UDP,
/// which gateways do not speak, is a warning.
enum GatewayPortsRule: ObjectRule {
    static let code = RuleCode("CAN0703", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.gateway]

    private static let protocols: Set<String> = [
        "HTTP", "HTTP2", "HTTP_PROXY", "GRPC", "GRPC-WEB", "HTTPS", "TLS", "TCP", "MONGO", "REDIS", "MYSQL",
        "HBONE",
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var names: Set<String> = []
        for server in object.spec?["servers"]?.items ?? [] {
            checkBind(server["bind"], &report)
            guard let port = server["port"] else { continue }
            let bind = server["bind"]?.string ?? ""
            let number = port["number"]?.integer ?? 0
            if bind.hasPrefix("unix://") {
                if number != 0 {
                    report.add(
                        at: port.field("number"),
                        "a server on a socket file has no port number",
                        hint: "leave \"number\" out"
                    )
                }
            } else if !(1...65535).contains(number) {
                report.add(
                    at: port.field("number"),
                    "port \(number) is outside 1 to 65535",
                    hint: "write the number of a port, from 1 to 65535"
                )
            }
            if let place = port["protocol"], let text = place.string, !protocols.contains(text.uppercased()) {
                let isUDP = text.uppercased() == "UDP"
                report.add(
                    at: place,
                    "\"\(text)\" is not a gateway's protocol",
                    hint: "use HTTP, HTTPS, TLS or TCP",
                    severity: isUDP ? .warning : nil,
                    isKnownToIstio: !isUDP
                )
            }
            if let target = port["targetPort"], target.integer ?? 0 > 0 {
                report.add(
                    at: target,
                    "\"targetPort\" is not allowed in a Gateway",
                    hint: "leave it out: the Service of the gateway has target ports"
                )
            }
            let name = port["name"]?.string ?? ""
            if name.isEmpty || !names.insert(name).inserted {
                report.add(
                    at: port.field("name"),
                    name.isEmpty ? "the port has no name" : "there are two ports \"\(name)\"",
                    hint: "give each server's port a name of its own"
                )
            }
        }
    }

    private static func checkBind(_ bind: Located?, _ report: inout RuleReport) {
        guard let bind, let text = bind.string, !text.isEmpty else { return }
        if text.hasPrefix("unix://") {
            if let problem = SocketPath.problem(text) {
                report.add(at: bind, problem, hint: "write unix:///run/gateway.sock, or an IP address")
            }
        } else if !IPAddress.isValid(text) {
            report.add(
                at: bind,
                "\"\(text)\" is not an address to listen on",
                hint: "write an IP address, such as 127.0.0.1"
            )
        }
    }
}
