// SPDX-License-Identifier: Apache-2.0

/// The name of a Service's port does not say which protocol it speaks, and `appProtocol` is not given. Istio then finds
/// out by itself, or takes it for TCP; names such as `http` or `grpc-admin` are clearer.
enum PortProtocolUnknownRule: ObjectRule {
    static let code = RuleCode("CAN0308", istio: "IST0118")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.service]

    private static let protocols: Set<Substring> = [
        "grpc", "http", "http2", "https", "mongo", "mysql", "redis", "tcp", "tls", "udp",
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard object.resource.service?.type != "ExternalName",
            !["kube-system", "kube-public", "kube-node-lease", "istio-system"].contains(
                object.resource.namespace
            )
        else { return }
        for port in object.spec?["ports"]?.items ?? [] {
            guard port["appProtocol"] == nil, port["protocol"]?.string != "UDP" else { continue }
            let name = port["name"]?.string ?? ""
            let prefix = name.prefix { $0 != "-" }.lowercased()
            guard !protocols.contains(prefix[...]) else { continue }
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
