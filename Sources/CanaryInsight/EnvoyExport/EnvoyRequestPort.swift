// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// The port that requests count as having addressed, where a route depends on it.
///
/// Istio gives each port of a Service a listener; the mesh's one listener goes by the authority, so that Envoy has to look there too.
struct EnvoyRequestPort {
    var number: Int32
    /// The condition that tells requests for this port from others; `nil` where all count as addressing it.
    var condition: Node?

    /// The ports that requests of a host may address at a listener of the mesh: those of its Service. What names another one,
    /// or none, counts as addressing the default.
    static func all(of host: VirtualHostHandle) -> [EnvoyRequestPort] {
        let standard = host.servicePort(authorityPort: -1, listenerPort: -1)
        var others: [Int32] = []
        for port in host.record.pointee.ports where port != standard && !others.contains(port) {
            others.append(port)
        }
        let rest = others.isEmpty ? nil : authority(others, isInverted: true)
        return [EnvoyRequestPort(number: standard, condition: rest)]
            + others.map { EnvoyRequestPort(number: $0, condition: authority([$0], isInverted: false)) }
    }

    private static func authority(_ ports: [Int32], isInverted: Bool) -> Node {
        let pattern = ".*:0*(?:\(ports.map(String.init).joined(separator: "|")))"
        return .message([
            "name": .string(":authority"),
            "string_match": .stringMatcher(.regex, pattern),
            "invert_match": isInverted ? .bool(true) : nil,
        ])
    }
}
