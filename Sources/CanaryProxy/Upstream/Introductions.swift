// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The clients that endpoints are told of, in PROXY headers.
///
/// A connection that begins with one belongs to a client for good: each client's are in pools of their own, as in Envoy.
struct Introductions {
    private struct Client {
        var addresses: ProxyHeader.Addresses?
        /// Whose connections it has, or had.
        var members: [ClusterMember] = []
    }

    /// Stands for nobody: requests that no client waits for.
    static let nobody: UInt64 = 1

    private var clients: [UInt64: Client] = [:]
    private var last = nobody

    /// A client's number, never given twice.
    mutating func add(_ addresses: ProxyHeader.Addresses?) -> UInt64 {
        last += 1
        clients[last] = Client(addresses: addresses)
        return last
    }

    /// A member of a cluster, as a client has it.
    mutating func member(_ member: ClusterMember, of client: UInt64) -> ClusterMember {
        var own = member
        own.client = client
        if let known = clients[client], !known.members.contains(own) { clients[client]?.members.append(own) }
        return own
    }

    /// A client has left; whose connections it had.
    mutating func remove(_ client: UInt64) -> [ClusterMember] {
        clients.removeValue(forKey: client)?.members ?? []
    }

    /// Has a connection that is being opened begin with who it is for.
    func prepare(_ upstream: UpstreamPointer, _ version: ProxyProtocolVersion?) {
        let addresses = clients[upstream.pointee.member.client]?.addresses
        ProxyHeader.bytes(version ?? .v1, addresses).withSlice { upstream.pointee.outbox.append($0) }
        upstream.pointee.isToIntroduce = true
    }
}

extension ProxyHeader {
    /// A header as it is sent; without addresses, that of a connection of the sender's own.
    static func bytes(_ version: ProxyProtocolVersion, _ addresses: Addresses?) -> [UInt8] {
        let known = addresses.flatMap { $0.source.family == $0.destination.family ? $0 : nil }
        switch (version, known) {
        case (.v1, nil): return Array("PROXY UNKNOWN\r\n".utf8)
        case (.v1, let known?):
            let family = known.source.isIPv6 ? "TCP6" : "TCP4"
            let hosts = "\(known.source.host) \(known.destination.host)"
            return Array("PROXY \(family) \(hosts) \(known.source.port) \(known.destination.port)\r\n".utf8)
        case (.v2, nil): return signature + [0x20, 0, 0, 0]
        case (.v2, let known?):
            let hosts = known.source.hostBytes + known.destination.hostBytes
            let ports = [known.source.port, known.destination.port].flatMap {
                [UInt8($0 >> 8), UInt8($0 & 255)]
            }
            let family: UInt8 = known.source.isIPv6 ? 0x21 : 0x11
            return signature + [0x21, family, 0, UInt8(hosts.count + ports.count)] + hosts + ports
        }
    }
}
