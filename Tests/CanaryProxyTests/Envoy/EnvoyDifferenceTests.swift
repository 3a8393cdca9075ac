// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

/// Thousands of random requests over random routes, sent through Envoy with the exported configuration and through the proxy:
/// the routing table, the proxy and Envoy agree on status, destination, path, authority, headers, body and location.
///
/// Skipped where there is no Envoy: CANARYCTL_ENVOY names the program. CANARYCTL_ENVOY_SEED tries another seed.
///
/// What differs on purpose, and so is not generated:
/// - `%RESPONSE_CODE%` in an answer of the proxy's own is its status, which is what people ask for; with Envoy it is 0.
/// - A direct response with status 204 has no body, as RFC 9110 wants it; Envoy sends the one that it is given.
/// - `*` as a target (OPTIONS) is for the server, so that routes without a condition on the path take it; Envoy answers 404.
/// - What a client sent raw and RFC 3986 wants escaped is passed on as it came, for the backend to judge; Envoy escapes it.
/// - Values of headers that a fault's answer takes from its request: the request as it would have been sent, where Envoy has not
///   changed anything of it yet.
/// - Sticky traffic: each has a hash of its own. ``EnvoyServingTests`` looks at what must hold for Envoy's.
/// - Headers that are not compared are listed in ``Outcome``.
@Suite(
    .enabled(if: EnvoyProcess.path != nil, "there is no Envoy: CANARYCTL_ENVOY names none, and PATH has none")
)
struct EnvoyDifferenceTests {
    @Test(arguments: EnvoyProcess.seeds) func `all three do the same`(seed: UInt64) throws {
        var places: [GeneratedCluster.Place] = []
        let scene = try EnvoyScene { origins, gatewayPort in
            let cluster = GeneratedCluster(
                seed: seed,
                virtualServices: 72,
                gatewayPort: gatewayPort,
                origins: origins
            )
            places = cluster.places
            return cluster.objects
        }
        var generator = SeededGenerator(seed: ~seed)
        for _ in 0..<3000 {
            let request = GeneratedRequest(places, &generator)
            if let difference = try scene.difference(request) { Issue.record("\(difference)") }
        }
        for kind in [[200], [204, 418], [301, 302, 303, 307, 308], [404], [503]] {
            #expect(kind.reduce(0) { $0 + scene.statuses[$1, default: 0] } >= 5, "statuses \(kind)")
        }
        // Copies come when they come. The proxy may have been asked more often, to meet Envoy's destination.
        var copies: (envoy: Set<String>, proxy: Set<String>) { scene.origins.copies.all }
        for _ in 0..<3000 where !copies.envoy.isSubset(of: copies.proxy) { poll(nil, 0, 10) }
        #expect(copies.envoy.subtracting(copies.proxy) == [])
        #expect(copies.envoy.count > 5)
    }
}
