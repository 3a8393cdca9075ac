// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct MirrorTests {
    /// The subsets that get a copy of a request, by the random number drawn for it.
    private func copies(_ route: Node, random: UInt64) -> [String] {
        let probe = RouteProbe(route)
        return probe.withRoute(probe.facts()) { handle in
            (0..<handle.mirrorCount).compactMap { index in
                handle.mirror(index, port: 5000, random: random).map { destination in
                    let counter = probe.router.identifiers.counter(destination.counter)
                    return "\(counter?.subset ?? "?") \(destination.endpoints.count)"
                }
            }
        } ?? []
    }

    private static let toV2: Node = ["host": "helloworld", "subset": "v2"]
    private static let half = UInt64.max / 2

    static let cases: [(route: Node, random: UInt64, wanted: [String])] = [
        ([:], 0, []),
        (["mirror": toV2], .max, ["v2 1"]),
        (["mirror": toV2, "mirrorPercentage": ["value": 50]], half - 1, ["v2 1"]),
        (["mirror": toV2, "mirrorPercentage": ["value": 50]], half + 1, []),
        (["mirror": toV2, "mirrorPercent": 50], half - 1, ["v2 1"]),
        (["mirror": toV2, "mirrorPercent": 50], half + 1, []),
        (["mirror": toV2, "mirrorPercentage": ["value": 0]], 0, []),
        (
            [
                "mirrors": [
                    ["destination": toV2, "percentage": ["value": 50]],
                    ["destination": ["host": "helloworld", "subset": "v1"]],
                ]
            ], half + 1, ["v1 1"]
        ),
        (
            [
                "mirrors": [
                    ["destination": toV2, "percentage": ["value": 50]],
                    ["destination": ["host": "helloworld", "subset": "v1"], "percentage": ["value": 50]],
                ]
            ], half - 1, ["v2 1", "v1 1"]
        ),
        (["mirror": ["host": "nobody"]], 0, [" 0"]),
        (["redirect": ["uri": "/x"], "route": [], "mirror": toV2], 0, []),
    ]

    @Test(arguments: cases)
    func `copies go where the route says`(route: Node, random: UInt64, wanted: [String]) {
        #expect(copies(route, random: random) == wanted)
    }

    @Test func `an endpoint of a mirrored host that comes or goes makes another table`() {
        let other = object(
            .service,
            "other",
            ["spec": ["selector": ["app": "other"], "ports": [["port": 5000]]]]
        )
        let entry = object(
            .workloadEntry,
            "other",
            ["spec": ["address": "10.0.0.9", "labels": ["app": "other"]]]
        )
        var router = Router(
            Helloworld.backends + [
                other,
                Helloworld.routes([
                    ["route": Helloworld.split(["v1": 1]), "mirror": ["host": "other"]]
                ]),
            ]
        )
        let arena = RoutingArena()
        func endpoints() -> Int? {
            let table = router.builder.table()
            var facts = Router.facts("/", "GET", [:], "10.0.0.1", arena)
            facts.authority = arena.store("helloworld")
            return withExtendedLifetime((table, arena)) {
                let route = table.virtualHost(listener: 0, authority: facts.authority)?.route(for: facts)
                return route?.mirror(0, port: 5000, random: 0)?.endpoints.count
            }
        }
        #expect(endpoints() == 0)
        router.builder.apply(changed: [entry], removed: [], revision: 2)
        #expect(endpoints() == 1)
        router.builder.apply(changed: [], removed: [entry.key], revision: 3)
        #expect(endpoints() == 0)
    }

    @Test func `a copy is counted apart from the requests of the same destination`() {
        let probe = RouteProbe(["mirror": Self.toV2, "route": Helloworld.split(["v2": 1])])
        let numbers = probe.withRoute(probe.facts()) { route in
            [
                route.destination(for: probe.facts(), random: 0)?.counter,
                route.mirror(0, port: 5000, random: 0)?.counter,
            ]
        }
        let keys = numbers?.compactMap { $0.flatMap(probe.router.identifiers.counter)?.key.destination }
        #expect(keys?.count == 2)
        #expect(Set(keys ?? []).count == 2)
    }

    @Test(arguments: [
        ("helloworld", "helloworld-shadow"), ("helloworld:80", "helloworld-shadow:80"), ("", "-shadow"),
        ("10.0.0.1:8080", "10.0.0.1-shadow:8080"), ("[::1]:80", "[::1]-shadow:80"), ("[::1]", "[::1]-shadow"),
    ])
    func `the copy's authority says that it is one`(authority: String, wanted: String) {
        let arena = RoutingArena()
        var buffer = ByteBuffer()
        buffer.append(shadowAuthority: arena.store(authority))
        #expect(buffer.slice.text == wanted)
    }
}
