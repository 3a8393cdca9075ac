// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// The hosts of all servers of a Gateway. One name is looked up in a time that depends on its labels, not on how many there are.
package struct GatewayHostSet {
    package let hosts: [GatewayHost]

    /// Which namespaces may use a pattern.
    private struct Users {
        var isOpen = false
        var namespaces: Set<String> = []

        func contains(_ namespace: String) -> Bool { isOpen || namespaces.contains(namespace) }

        mutating func add(_ host: GatewayHost) {
            if let owner = host.namespace { namespaces.insert(owner) } else { isOpen = true }
        }
    }

    /// By a host of the list, and by a wildcard that covers hosts of the list.
    private var users: [String: Users] = [:]
    private var usersBelow: [String: Users] = [:]
    /// Wildcards that do not begin at a label, `*foo.com`.
    private var irregular: [GatewayHost] = []

    package init(_ servers: [Gateway.Server], namespace: String) {
        hosts = servers.flatMap(\.hosts).map { GatewayHost($0, gatewayNamespace: namespace) }
        for host in hosts {
            users[host.pattern, default: Users()].add(host)
            for wildcard in HostName.patterns(covering: host.pattern) {
                usersBelow[wildcard, default: Users()].add(host)
            }
            if !HostName.isRegular(host.pattern) { irregular.append(host) }
        }
    }

    /// Whether a VirtualService's host can be reached at the Gateway: one of both patterns covers the other.
    package func admits(_ host: String, from namespace: String) -> Bool {
        let host = host.lowercased()
        if HostName.isWildcard(host) {
            guard HostName.isRegular(host) else { return hosts.contains { $0.admits(host, from: namespace) } }
            if usersBelow[host]?.contains(namespace) == true { return true }
        }
        return HostName.patterns(covering: host).contains {
            users[$0]?.contains(namespace) ?? false
        } || irregular.contains { $0.admits(host, from: namespace) }
    }
}
