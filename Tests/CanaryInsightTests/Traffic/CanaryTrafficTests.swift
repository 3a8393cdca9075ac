// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryResources

/// What rollouts write into routes besides weights.
struct CanaryTrafficTests {
    private let tester: Node = ["headers": ["x-tester": ["exact": "yes"]]]
    private let split = Helloworld.routes([
        [
            "name": "beta",
            "match": [["headers": ["x": ["exact": "1"]], "port": 80], ["uri": ["prefix": "/b"]]],
            "route": Helloworld.split(["v1": 100, "v2": 0]),
        ],
        ["timeout": "5s", "route": Helloworld.split(["v1": 90, "v2": 10])],
    ])

    private func planner(_ object: Resource) -> WeightPlanner {
        WeightPlanner(
            ClusterSnapshot(Helloworld.backends + [object]),
            host: Helloworld.host,
            namespace: "default"
        )
    }

    private func plan(_ traffic: CanaryTraffic, _ object: Resource, route: String? = nil) throws -> Resource {
        let plan = try planner(object).plan(traffic, stable: "v1", canary: "v2", route: route, front: "front")
        return Resource(key: object.key, body: plan.body)
    }

    private func pair(_ object: Resource, route: String? = nil) throws -> VersionPair {
        try #require(
            try planner(object).pair(stable: "v1", canary: "v2", route: route, front: "front")
        )
    }

    private func routes(_ object: Resource) -> [Node] { object.body["spec"]?["http"]?.items ?? [] }

    @Test func `copies are added, seen, and taken away again`() throws {
        let copied = try plan(.copies(Percentage(millionths: 125_000)), split)
        #expect(routes(copied)[1]["mirrors"]?.items.first?["percentage"]?["value"]?.number == 12.5)
        let seen = try pair(copied)
        #expect(seen.copies == Percentage(millionths: 125_000) && seen.share?.part == 0)
        let shared = try plan(.share(Percentage(millionths: 100_000)), copied)
        #expect(shared.body == split.body)
    }

    @Test func `somebody else's copies stay`() throws {
        var body = split.body
        var routes = body["spec"]?["http"]?.items ?? []
        routes[1].set([["destination": ["host": "audit"]]], at: "mirrors")
        body.set(.sequence(routes), at: "spec", "http")
        let own = Resource(key: split.key, body: body)
        let copied = try plan(.copies(.whole), own)
        #expect(self.routes(copied)[1]["mirrors"]?.items.count == 2)
        let shared = try plan(.share(Percentage(millionths: 100_000)), copied)
        #expect(shared.body == body)
    }

    @Test func `what matches gets a route in front with all else that the route does`() throws {
        let focused = try plan(.matching([tester]), split)
        #expect(routes(focused).map { $0["name"]?.string } == ["beta", "front", nil])
        let front = routes(focused)[1]
        #expect(front["timeout"]?.string == "5s" && front["match"]?.items == [tester])
        #expect(front["route"]?.items.first?["destination"]?["subset"]?.string == "v2")
        let seen = try pair(focused)
        #expect(seen.frontBlocks == [tester] && seen.share?.part == 0)
        let again = try plan(.matching([tester]), focused)
        #expect(again.body == focused.body)
        #expect(try plan(.share(Percentage(millionths: 100_000)), focused).body == split.body)
    }

    @Test func `the route's own conditions hold for what matches, too`() throws {
        let focused = try plan(.matching([tester]), split, route: "beta")
        let front = routes(focused)[0]
        #expect(
            front["match"]?.items == [
                ["headers": ["x": ["exact": "1"], "x-tester": ["exact": "yes"]], "port": 80],
                ["uri": ["prefix": "/b"], "headers": ["x-tester": ["exact": "yes"]]],
            ]
        )
        let seen = try pair(focused, route: "beta")
        #expect(seen.frontBlocks == seen.conditions([tester]))
    }

    @Test func `numbers of routes count without the one in front`() throws {
        let focused = try plan(.matching([tester]), split, route: "1")
        let seen = try pair(focused, route: "1")
        #expect(seen.route.sourceIndex == 2 && seen.front?.sourceIndex == 1)
        #expect(try plan(.share(.zero), focused, route: "1").body == plan(.share(.zero), split).body)
    }

    @Test func `counts of copies and of what matches are told apart, of any epoch`() throws {
        let focused = try plan(.matching([tester]), split)
        let seen = try pair(split)
        let there = try pair(focused)
        let front = try #require(there.front?.evidenceKeys(store: "", host: Helloworld.host).first)
        #expect(seen.part(of: front) == .front)
        var copies = try #require(seen.canary.first)
        #expect(seen.part(of: copies) == .canary)
        copies.destination = seen.route.mirrorIdentity(seen.route.route.destinations[1].destination)
        copies.epoch = RouteEpoch(revision: 9, commit: "other")
        #expect(seen.part(of: copies) == .copies)
        #expect(try seen.part(of: #require(seen.stable.first)) == .stable)
    }
}
