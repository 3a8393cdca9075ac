// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources

/// The ports of a host, told apart by whether Istio takes them for streams of bytes, where it ignores HTTP routes.
package struct OpaquePorts {
    package struct Port {
        package var number: Int
        /// What says so: the port's `appProtocol` or name in a Service, its `protocol` in a ServiceEntry.
        var said: String
        /// The edit after which Istio takes it for HTTP.
        var remedy: String
    }

    package private(set) var opaque: [Port] = []
    private(set) var hasOthers = false

    package func contains(_ number: Int) -> Bool { opaque.contains { $0.number == number } }

    fileprivate mutating func add(_ port: Port, isOpaque: Bool) {
        if isOpaque { opaque.append(port) } else { hasOthers = true }
    }
}

extension ClusterSnapshot {
    /// The ports of a host as a namespace sees it; none where nobody defines the host.
    package func opaquePorts(of host: String, namespace: String) -> OpaquePorts {
        var ports = OpaquePorts()
        guard let service = service(for: host, namespace: namespace) else { return ports }
        for port in service.entries.flatMap({ $0.serviceEntry?.ports ?? [] }) {
            ports.add(
                OpaquePorts.Port(
                    number: port.number,
                    said: port.protocol,
                    remedy: "set \"protocol: HTTP\" at port \(port.number) of the ServiceEntry"
                ),
                isOpaque: PortProtocol.isOpaque(port)
            )
        }
        guard service.entries.isEmpty,
            let object = resource(
                ResourceKey(.service, namespace: service.namespace, name: service.name)
            )
        else { return ports }
        for port in Located(root: object.body)["spec"]?["ports"]?.items ?? [] {
            guard let number = port["port"]?.integer, port["protocol"]?.string != "UDP" else { continue }
            let application = port["appProtocol"]?.string
            ports.add(
                OpaquePorts.Port(
                    number: Int(number),
                    said: application ?? port["name"]?.string ?? "",
                    remedy: application == nil
                        ? "name port \(number) of the Service \"http-\(number)\""
                        : "set \"appProtocol: http\" at port \(number) of the Service"
                ),
                isOpaque: PortProtocol.isOpaque(port)
            )
        }
        return ports
    }
}
