// SPDX-License-Identifier: Apache-2.0

/// A TCP or TLS route of a VirtualService.
package struct L4Route: Sendable {
    /// Empty means any connection.
    package var matches: [L4Match]
    package var destinations: [WeightedDestination]

    /// Whether it asks nothing of a connection.
    package var isCatchAll: Bool { matches.isEmpty }

    init(_ node: Node) {
        matches = node["match"]?.items.map(L4Match.init) ?? []
        destinations = node["route"]?.items.map(WeightedDestination.init) ?? []
    }
}

/// One match block of a TCP or TLS route: all of its conditions must hold.
package struct L4Match: Hashable, Sendable {
    /// Of a TLS route: names or wildcards, one of which the client must have asked for.
    package var sniHosts: [String]
    /// Addresses or ranges, one of which the connection must have been made to.
    package var destinationSubnets: [String]
    package var port: Int?
    package var sourceLabels: [String: String]
    package var sourceNamespace: String?
    package var gateways: [String]

    init(_ node: Node) {
        sniHosts = node["sniHosts"]?.strings ?? []
        destinationSubnets = node["destinationSubnets"]?.strings ?? []
        port = node["port"]?.integer.flatMap { $0 == 0 ? nil : Int($0) }
        sourceLabels = node["sourceLabels"]?.stringMap ?? [:]
        sourceNamespace = node["sourceNamespace"]?.string
        gateways = node["gateways"]?.strings ?? []
    }
}
