// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources

/// Keeps the numbers of endpoints and clusters in use for as long as it lives: the compiled form of a host has one.
///
/// `@unchecked Sendable`: whoever makes it fills it before another thread knows it; afterwards only `deinit` touches it.
package final class IdentifierLease: @unchecked Sendable {
    private let identifiers: RoutingIdentifiers
    private var endpoints: [UInt64] = []
    private var clusters: [UInt64] = []
    private var routes: [EvidenceKey] = []

    package init(_ identifiers: RoutingIdentifiers) {
        self.identifiers = identifiers
    }

    deinit {
        identifiers.release(endpoints: endpoints, clusters: clusters)
        identifiers.release(usersOf: routes)
    }

    package func id(of address: EndpointAddress) -> UInt64 {
        let number = identifiers.use(address)
        endpoints.append(number)
        return number
    }

    func id(of cluster: ClusterName) -> UInt64 {
        let number = identifiers.use(cluster)
        clusters.append(number)
        return number
    }

    /// The users of a route that were counted in its epoch, which the key names without a destination.
    func users(of route: EvidenceKey) -> UserMarks {
        routes.append(route)
        return identifiers.use(usersOf: route)
    }
}
