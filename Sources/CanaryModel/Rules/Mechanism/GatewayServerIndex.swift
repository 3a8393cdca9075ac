// SPDX-License-Identifier: Apache-2.0

/// Which Gateways serve a host at a port.
struct GatewayServerIndex {
    private struct Place: Hashable {
        var port: Int
        var bind: String
        var host: String
    }

    private var gateways: [Place: [Resource]] = [:]

    init(_ snapshot: ClusterSnapshot) {
        for resource in snapshot.resources(of: .gateway) {
            let servers = resource.gateway?.servers ?? []
            for place in Set(servers.flatMap { Self.places($0, resource.namespace) }) {
                gateways[place, default: []].append(resource)
            }
        }
    }

    private static func places(_ server: Gateway.Server, _ namespace: String) -> [Place] {
        server.hosts.map { host in
            Place(
                port: server.port,
                bind: server.bind ?? "",
                host: GatewayHost(host, gatewayNamespace: namespace).text
            )
        }
    }

    /// The other Gateways that serve a host of a server at the same port and address, oldest first.
    func others(than resource: Resource, _ server: Gateway.Server) -> [(host: String, gateway: Resource)] {
        zip(server.hosts, Self.places(server, resource.namespace)).flatMap { host, place in
            (gateways[place] ?? []).filter { $0.key != resource.key }.map { (host, $0) }
        }
    }
}

/// A host as a Gateway's server writes it: `host`, `namespace/host`, `./host`, `*/host`.
struct GatewayHost {
    /// `nil` where VirtualServices of every namespace may use it.
    let namespace: String?
    let pattern: String

    init(_ written: String, gatewayNamespace: String) {
        guard let slash = written.firstIndex(of: "/") else {
            (namespace, pattern) = (nil, written.lowercased())
            return
        }
        let owner = String(written[..<slash])
        pattern = written[written.index(after: slash)...].lowercased()
        namespace = owner == "*" ? nil : owner == "." ? gatewayNamespace : owner
    }

    /// One spelling for what means the same.
    var text: String { namespace.map { "\($0)/\(pattern)" } ?? pattern }

    /// Whether a VirtualService's host can be reached here: one of both patterns covers the other.
    func admits(_ host: String, from namespace: String) -> Bool {
        guard self.namespace == nil || self.namespace == namespace else { return false }
        let host = host.lowercased()
        return pattern == host || HostName.pattern(pattern, covers: host)
            || HostName.pattern(host, covers: pattern)
    }
}
