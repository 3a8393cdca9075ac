// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The addresses that the names among endpoints stand for, each an endpoint with a number of its own.
final class Resolutions: Sendable {
    /// By the number of the name's endpoint; empty for names that have no address, missing for those that nobody has answered
    /// for yet.
    let addresses: [UInt64: [EndpointRecord]]
    private let lease: IdentifierLease

    /// `found` are IP addresses by host name.
    init(_ found: [String: [String]], _ identifiers: RoutingIdentifiers) {
        let lease = IdentifierLease(identifiers)
        addresses = identifiers.names.compactMapValues { name in
            found[name.host]?.map { host in
                let address = EndpointAddress(host: host, port: name.port)
                return EndpointRecord(id: lease.id(of: address), hash: address.hash)
            }
        }
        self.lease = lease
    }

    func isSame(as other: Resolutions) -> Bool {
        addresses.mapValues { $0.map(\.id) } == other.addresses.mapValues { $0.map(\.id) }
    }
}
