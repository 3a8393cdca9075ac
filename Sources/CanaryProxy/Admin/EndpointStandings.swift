// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import CanarySystem

/// What is known of endpoints besides what tables say: the addresses behind names, and who is ejected.
struct EndpointStandings {
    /// The addresses of endpoints that are names, as far as they were looked up.
    private var resolved: [String: [String]] = [:]
    /// By Envoy's name of the cluster.
    private var ejected: [String: Set<String>] = [:]

    init(_ identifiers: RoutingIdentifiers, _ resolutions: Resolutions?) {
        for (name, addresses) in resolutions?.addresses ?? [:] {
            guard let name = identifiers.endpoint(name)?.description else { continue }
            resolved[name] = addresses.compactMap { identifiers.endpoint($0.id)?.description }.sorted()
        }
        let now = Clock.monotonicMilliseconds()
        for cluster in identifiers.sharedClusters {
            let ids = cluster.health.ejected(now: now)
            ejected[cluster.name] = Set(ids.compactMap { identifiers.endpoint($0)?.description })
        }
    }

    /// The addresses that an endpoint stands for; itself where it is none that was looked up.
    func addresses(of endpoint: String) -> [String] {
        guard let addresses = resolved[endpoint], !addresses.isEmpty else { return [endpoint] }
        return addresses
    }

    func isEjected(_ address: String, from cluster: String) -> Bool {
        ejected[cluster]?.contains(address) == true
    }
}
