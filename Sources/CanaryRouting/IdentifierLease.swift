// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// Keeps the numbers of endpoints and clusters in use for as long as it lives: the compiled form of a host has one.
///
/// `@unchecked Sendable`: whoever makes it fills it before another thread knows it; afterwards only `deinit` touches it.
package final class IdentifierLease: @unchecked Sendable {
    private let identifiers: RoutingIdentifiers
    private var endpoints: [EndpointAddress: UInt64] = [:]
    private var clusters: [ClusterName: UInt64] = [:]

    package init(_ identifiers: RoutingIdentifiers) {
        self.identifiers = identifiers
    }

    deinit {
        identifiers.release(endpoints: endpoints.values, clusters: clusters.values)
    }

    package func id(of address: EndpointAddress) -> UInt64 {
        if let known = endpoints[address] { return known }
        let number = identifiers.use(address)
        endpoints[address] = number
        return number
    }

    func id(of cluster: ClusterName) -> UInt64 {
        if let known = clusters[cluster] { return known }
        let number = identifiers.use(cluster)
        clusters[cluster] = number
        return number
    }
}
