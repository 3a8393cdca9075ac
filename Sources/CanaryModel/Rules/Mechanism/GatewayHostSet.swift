// SPDX-License-Identifier: Apache-2.0

/// The hosts of all servers of a Gateway. One name is looked up in a time that depends on its labels, not on how many there are.
struct GatewayHostSet {
    let hosts: [GatewayHost]

    /// Which namespaces may use a pattern.
    private struct Users {
        var isOpen = false
        var namespaces: Set<String> = []

        func contains(_ namespace: String) -> Bool { isOpen || namespaces.contains(namespace) }
    }

    private var users: [String: Users] = [:]
    /// Wildcards that do not begin at a label, `*foo.com`.
    private var irregular: [GatewayHost] = []

    init(_ gateway: Gateway, namespace: String) {
        hosts = gateway.servers.flatMap(\.hosts).map { GatewayHost($0, gatewayNamespace: namespace) }
        for host in hosts {
            if let owner = host.namespace {
                users[host.pattern, default: Users()].namespaces.insert(owner)
            } else {
                users[host.pattern, default: Users()].isOpen = true
            }
            let isRegular = host.pattern == "*" || host.pattern.hasPrefix("*.")
            if HostName.isWildcard(host.pattern), !isRegular { irregular.append(host) }
        }
    }

    /// Whether a VirtualService's host can be reached at the Gateway: one of both patterns covers the other.
    func admits(_ host: String, from namespace: String) -> Bool {
        guard !HostName.isWildcard(host) else { return hosts.contains { $0.admits(host, from: namespace) } }
        return HostName.patterns(covering: host.lowercased()).contains {
            users[$0]?.contains(namespace) ?? false
        } || irregular.contains { $0.admits(host, from: namespace) }
    }
}
