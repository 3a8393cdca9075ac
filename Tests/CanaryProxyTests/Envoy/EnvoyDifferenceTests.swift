// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import CanaryTestSupport
import Glibc
import Testing

/// Thousands of random requests over random routes, sent through Envoy with the exported configuration and through the proxy:
/// the routing table, the proxy and Envoy agree on status, destination, path, authority, headers, body and location.
///
/// Skipped where there is no Envoy: CANARYCTL_ENVOY names the program. CANARYCTL_ENVOY_SEED tries another seed.
///
/// What differs on purpose, and so is not generated:
/// - `%RESPONSE_CODE%` in an answer of the proxy's own is its status; with Envoy it is 0.
/// - A direct response with status 204 has no body; Envoy sends the one that it is given, against RFC 9110.
/// - `*` as a target (OPTIONS) is taken by routes without a condition on the path; Envoy's match a path only.
/// - What a client sent raw and RFC 3986 wants escaped is passed on as it came; Envoy escapes it.
/// - Sticky traffic: each has a hash of its own. ``EnvoyServingTests`` looks at what must hold for both.
/// - Headers that are not compared are listed in ``Outcome``.
@Suite(
    .enabled(if: EnvoyProcess.path != nil, "there is no Envoy: CANARYCTL_ENVOY names none, and PATH has none")
)
struct EnvoyDifferenceTests {
    @Test(arguments: seeds) func `all three do the same`(seed: UInt64) throws {
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
    }

    private static var seeds: [UInt64] {
        let given = getenv("CANARYCTL_ENVOY_SEED").flatMap { UInt64(String(cString: $0)) }
        return given.map { [$0] } ?? [1, 2]
    }
}
