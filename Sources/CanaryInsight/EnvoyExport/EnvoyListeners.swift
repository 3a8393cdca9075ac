// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// Hands out addresses to listeners. No two get the same: Envoy would refuse to start.
struct EnvoyListeners {
    private let addresses: EnvoyConfiguration.Addresses
    private var taken: Set<EnvoyConfiguration.Address>

    init(addresses: EnvoyConfiguration.Addresses) {
        self.addresses = addresses
        taken = [addresses.admin]
    }

    /// The listeners of an entry of the routing table: one for each address, several for the mesh only.
    mutating func listeners(for spec: ListenerSpec, warn: (String) -> Void) -> [EnvoyConfiguration.Listener] {
        let name = Self.name(of: spec)
        let owner = spec.origin?.description ?? "the mesh"
        guard !spec.isOpaque, !spec.isTLS else {
            // Those of Gateways are told with their protocols.
            if spec.kind != .gateway {
                warn("\(owner): port \(spec.port) is left out: it does not speak HTTP")
            }
            return []
        }
        var listeners: [EnvoyConfiguration.Listener] = []
        let wanted = spec.kind == .mesh ? addresses.mesh : [address(of: spec)]
        for address in wanted {
            guard IPAddress.isValid(address.host) else {
                warn("\(owner): port \(address.port) is left out: \"\(address.host)\" is no IP address")
                continue
            }
            guard address.port == 0 || taken.insert(address).inserted else {
                warn("\(owner): port \(address.port) is left out: something else has it already")
                continue
            }
            let suffix = listeners.isEmpty ? "" : "-\(listeners.count + 1)"
            listeners.append(.init(name: name + suffix, address: address, routes: name))
        }
        return listeners
    }

    private func address(of spec: ListenerSpec) -> EnvoyConfiguration.Address {
        EnvoyConfiguration.Address(host: spec.bind ?? addresses.bind, port: spec.port)
    }

    /// `mesh`, `gateway-80`, `service-app.default-30080`.
    private static func name(of spec: ListenerSpec) -> String {
        switch spec.kind {
        case .mesh: "mesh"
        case .gateway: "gateway-\(spec.port)\(spec.bind.map { "-\($0)" } ?? "")"
        case .nodePort, .loadBalancer:
            "service-\(spec.origin?.name ?? "").\(spec.origin?.namespace ?? "")-\(spec.port)"
        }
    }
}
