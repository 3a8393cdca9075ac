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

    /// The names and addresses of an entry of the routing table, several for the mesh only.
    mutating func places(for spec: ListenerSpec, warn: (String) -> Void) -> [(
        name: String, address: EnvoyConfiguration.Address
    )] {
        let name = Self.name(of: spec)
        let owner = spec.origin?.description ?? "the mesh"
        var places: [(name: String, address: EnvoyConfiguration.Address)] = []
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
            places.append((name + (places.isEmpty ? "" : "-\(places.count + 1)"), address))
        }
        return places
    }

    private func address(of spec: ListenerSpec) -> EnvoyConfiguration.Address {
        EnvoyConfiguration.Address(host: spec.bind ?? addresses.bind, port: spec.port)
    }

    /// `mesh`, `gateway-80`, `service-app.default-30080`.
    static func name(of spec: ListenerSpec) -> String {
        switch spec.kind {
        case .mesh: "mesh"
        case .gateway: "gateway-\(spec.port)\(spec.bind.map { "-\($0)" } ?? "")"
        case .nodePort, .loadBalancer:
            "service-\(spec.origin?.name ?? "").\(spec.origin?.namespace ?? "")-\(spec.port)"
        }
    }
}
