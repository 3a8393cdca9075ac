// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The hosts of the VirtualServices that are bound to each Gateway, found by what a server takes: a Gateway may have a server
/// for each of very many hosts, at a port of its own.
struct BoundHosts {
    private struct Hosts {
        var all: Set<String> = []
        /// By the host itself, and by every wildcard that covers it.
        var below: [String: [String]] = [:]
        /// Wildcards that do not begin at a label, `*foo.com`: nothing but a comparison finds these.
        var irregular: [String] = []

        mutating func insert(_ host: String) {
            guard all.insert(host).inserted else { return }
            guard HostName.isRegular(host) else { return irregular.append(host) }
            for pattern in HostName.patterns(covering: host.lowercased()) {
                below[pattern, default: []].append(host)
            }
        }
    }

    private let snapshot: ClusterSnapshot
    private var gateways: [GatewayReference: Hosts] = [:]

    init(_ snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
    }

    /// All hosts that are bound to a Gateway and may be taken by a server that takes `patterns`; some of them may not be.
    mutating func overlapping(_ patterns: [String], at gateway: GatewayReference) -> Set<String> {
        let hosts = hosts(at: gateway)
        guard patterns.allSatisfy({ $0 != "*" && HostName.isRegular($0) }) else { return hosts.all }
        var found = Set(hosts.irregular)
        for pattern in patterns {
            found.formUnion(hosts.below[pattern] ?? [])
            for wider in HostName.patterns(covering: pattern) where hosts.all.contains(wider) {
                found.insert(wider)
            }
        }
        return found
    }

    private mutating func hosts(at gateway: GatewayReference) -> Hosts {
        if let known = gateways[gateway] { return known }
        var hosts = Hosts()
        for resource in snapshot.resources(with: .gateway(gateway.name, namespace: gateway.namespace)) {
            for host in resource.virtualService?.hosts ?? [] {
                hosts.insert(HostName.resolve(host, namespace: resource.namespace))
            }
        }
        gateways[gateway] = hosts
        return hosts
    }
}
