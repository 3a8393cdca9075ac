// SPDX-License-Identifier: Apache-2.0

/// A port given by number or by name, as Kubernetes' `IntOrString`.
package enum PortReference: Hashable, Sendable {
    case number(Int)
    case name(String)

    init?(_ node: Node?) {
        if let number = node?.integer {
            self = .number(Int(number))
        } else if let name = node?.string {
            self = .name(name)
        } else {
            return nil
        }
    }
}

/// A Kubernetes Service: the name that clients call, and which pods answer.
package struct Service: Sendable {
    package struct Port: Sendable {
        /// Empty where the Service has one port and does not name it.
        package var name: String
        package var port: Int
        /// Defaults to `port`.
        package var targetPort: PortReference
        package var nodePort: Int?
        package var appProtocol: String?
        /// `TCP` unless given.
        package var transport: String
    }

    package var type: String
    package var selector: [String: String]
    package var ports: [Port]
    package var clusterIP: String?
    package var externalName: String?

    package var isHeadless: Bool { clusterIP == "None" }

    init(_ body: Node) {
        let spec = body["spec"]
        type = spec?["type"]?.string ?? "ClusterIP"
        selector = spec?["selector"]?.stringMap ?? [:]
        clusterIP = spec?["clusterIP"]?.string
        externalName = spec?["externalName"]?.string
        ports = spec?["ports"]?.items.compactMap(Port.init) ?? []
    }
}

extension Service.Port {
    /// Whether connections can be made to the port: an unknown protocol counts as TCP.
    package var isStream: Bool { transport != "UDP" && transport != "SCTP" }

    init?(_ node: Node) {
        guard let port = node["port"]?.integer else { return nil }
        name = node["name"]?.string ?? ""
        self.port = Int(port)
        targetPort = PortReference(node["targetPort"]) ?? .number(Int(port))
        nodePort = node["nodePort"]?.integer.map { Int($0) }
        appProtocol = node["appProtocol"]?.string
        transport = node["protocol"]?.string ?? "TCP"
    }
}
