// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

extension Proxy {
    /// Told, in a thread of the checks, which addresses fail, each time that these are others. Whoever makes the tables leaves
    /// them out of the next one.
    package typealias HealthHandler = @Sendable (Proxy, Set<EndpointAddress>) -> Void

    /// An address that fails its health checks.
    package struct FailingEndpoint: Sendable {
        package var address: EndpointAddress
        /// The full name of the Service that asked for the checks.
        package var host: String
        package var reason: String
    }

    /// The addresses that fail their health checks now, by host.
    package var failingEndpoints: [FailingEndpoint] {
        shared.health.standings { !$0.isHealthy }.map {
            FailingEndpoint(address: $0.target.address, host: $0.target.host, reason: $0.standing.reason)
        }
    }
}
