// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The protocols that ServiceEntries give to a port of a host.
struct EntryPortIndex {
    struct Claim {
        var resource: Resource
        var `protocol`: String
        /// The namespaces that see it; empty means all.
        var scopes: Set<String>
    }

    private struct Place: Hashable {
        var host: String
        var port: Int
    }

    /// By place and protocol: claims of one protocol never collide.
    private var claims: [Place: [String: [Claim]]] = [:]

    init(_ snapshot: ClusterSnapshot) {
        for resource in snapshot.resources(of: .serviceEntry) {
            guard let entry = resource.serviceEntry else { continue }
            for host in Set(entry.hosts.map { $0.lowercased() }) {
                for port in entry.ports {
                    let claim = Self.claim(resource, entry, port)
                    claims[Place(host: host, port: port.number), default: [:]][
                        claim.protocol,
                        default: []
                    ].append(claim)
                }
            }
        }
    }

    private static func claim(_ resource: Resource, _ entry: ServiceEntry, _ port: ServiceEntry.Port) -> Claim
    {
        Claim(
            resource: resource,
            protocol: port.protocol.uppercased(),
            scopes: entry.exportTo.contains("*")
                ? [] : Set(entry.exportTo.map { $0 == "." ? resource.namespace : $0 })
        )
    }

    /// Another ServiceEntry that gives the port another protocol in a namespace that sees both.
    func rival(of resource: Resource, host: String, _ port: ServiceEntry.Port) -> Claim? {
        guard let entry = resource.serviceEntry,
            let byProtocol = claims[Place(host: host.lowercased(), port: port.number)], byProtocol.count > 1
        else { return nil }
        let own = Self.claim(resource, entry, port)
        for (name, others) in byProtocol.sorted(by: { $0.key < $1.key }) where name != own.protocol {
            let rival = others.first {
                $0.resource.key != resource.key
                    && (own.scopes.isEmpty || $0.scopes.isEmpty || !own.scopes.isDisjoint(with: $0.scopes))
            }
            if let rival { return rival }
        }
        return nil
    }
}
