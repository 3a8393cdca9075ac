// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import Testing

@testable import CanaryProxy

/// What a worker keeps of clusters and their members, without a socket.
struct UpstreamSideTests {
    private let ports: [(version: String, port: UInt16)] = [("v1", 9001), ("v1", 9002), ("v1", 9003)]

    private func side(_ scene: RoutedScene) -> UpstreamSide {
        UpstreamSide(identifiers: scene.identifiers, counters: WorkerCounters())
    }

    private func member(_ choice: UpstreamSide.Choice) throws -> ClusterMember {
        guard case .endpoint(let member, _) = choice else { throw Missing() }
        return member
    }

    private struct Missing: Error {}

    @Test func `turns go round, one cluster's apart from another's`() throws {
        let scene = RoutedScene(
            ports + [("v2", 9004), ("v2", 9005)],
            http: [
                [
                    "match": [["uri": ["exact": "/two"]]],
                    "route": [["destination": ["host": "app", "subset": "v2"]]],
                ],
                ["route": [["destination": ["host": "app", "subset": "v1"]]]],
            ],
            resources: [RoutedScene.balancing(["simple": "ROUND_ROBIN"])]
        )
        var side = side(scene)
        var random = RandomSource()
        var counts: [ClusterMember: Int] = [:]
        for turn in 0..<60 {
            let facts = scene.facts(turn.isMultiple(of: 2) ? "/two" : "/one")
            let destination = try #require(scene.destination(facts))
            counts[
                try member(side.choose(destination, for: facts, avoiding: nil, at: 0, &random)),
                default: 0
            ] += 1
        }
        #expect(counts.values.sorted() == [10, 10, 10, 15, 15])
        #expect(Set(counts.keys.map(\.cluster)).count == 2)
    }

    @Test func `the endpoint that failed is avoided where there are others`() throws {
        let scene = RoutedScene(ports, resources: [RoutedScene.balancing(["simple": "ROUND_ROBIN"])])
        var side = side(scene)
        var random = RandomSource()
        let facts = scene.facts()
        let destination = try #require(scene.destination(facts))
        var tried = TriedEndpoints()
        tried.insert(try member(side.choose(destination, for: facts, avoiding: nil, at: 0, &random)).endpoint)
        var next: ClusterMember?
        for _ in 0..<100 {
            next = try member(side.choose(destination, for: facts, avoiding: tried, at: 0, &random))
            #expect(next.map { tried.contains($0.endpoint) } == false)
        }
        tried.insert(try #require(next).endpoint)
        let last = try member(side.choose(destination, for: facts, avoiding: tried, at: 0, &random))
        #expect(!tried.contains(last.endpoint))
        tried.insert(last.endpoint)
        _ = try member(side.choose(destination, for: facts, avoiding: tried, at: 0, &random))
        let only = RoutedScene([("v1", 9001)])
        var single = self.side(only)
        let same = try #require(only.destination(facts))
        let first = try member(single.choose(same, for: facts, avoiding: nil, at: 0, &random))
        tried.insert(first.endpoint)
        let again = try member(single.choose(same, for: facts, avoiding: tried, at: 0, &random))
        #expect(first == again)
    }

    @Test func `the one with fewer requests under way gets the next`() throws {
        let scene = RoutedScene(Array(ports[..<2]))
        var side = side(scene)
        var random = RandomSource()
        let facts = scene.facts()
        let destination = try #require(scene.destination(facts))
        let busy = try member(side.choose(destination, for: facts, avoiding: nil, at: 0, &random))
        side.pools[busy].pointee.active = 5
        var chosen = 0
        for _ in 0..<1000 {
            let next = try member(side.choose(destination, for: facts, avoiding: nil, at: 0, &random))
            if next == busy { chosen += 1 }
        }
        // Only where both draws fall on it: a quarter, six standard deviations aside.
        #expect(168...332 ~= chosen)
    }

    @Test func `no endpoint is no choice, and a name is waited for until it was looked up`() throws {
        let none = RoutedScene([])
        var random = RandomSource()
        let facts = none.facts()
        var empty = side(none)
        let destination = try #require(none.destination(facts))
        let choice = empty.choose(destination, for: facts, avoiding: nil, at: 0, &random)
        #expect(choice == .none(counter: destination.counter))
        let named = RoutedScene(
            [],
            resources: [
                TestProxy.resource(
                    .serviceEntry,
                    "named",
                    [
                        "spec": [
                            "hosts": ["named.test"], "resolution": "DNS",
                            "ports": [["number": 80, "name": "http", "protocol": "HTTP"]],
                        ]
                    ]
                )
            ]
        )
        var waiting = side(named)
        let entry = try #require(named.destination(facts, host: "named.test"))
        guard case .awaitsAddress = waiting.choose(entry, for: facts, avoiding: nil, at: 0, &random) else {
            Issue.record("a name without look-up is not waited for")
            return
        }
        let nothing = Resolutions(["named.test": []], named.identifiers)
        let isNews = [waiting.adopt(nothing, &random), waiting.adopt(nothing, &random)]
        #expect(isNews == [true, false])
        guard case .none = waiting.choose(entry, for: facts, avoiding: nil, at: 0, &random) else {
            Issue.record("a name without address is waited for")
            return
        }
        let both = Resolutions(["named.test": ["127.0.0.2", "127.0.0.3"]], named.identifiers)
        _ = waiting.adopt(both, &random)
        let first = try member(waiting.choose(entry, for: facts, avoiding: nil, at: 0, &random))
        let second = try member(waiting.choose(entry, for: facts, avoiding: nil, at: 0, &random))
        #expect(
            Set([first, second].compactMap { named.identifiers.endpoint($0.endpoint)?.description })
                == ["127.0.0.2:80", "127.0.0.3:80"]
        )
        _ = waiting.adopt(nil, &random)
    }

    @Test func `a connection rests with its own cluster, and goes when its endpoint does`() throws {
        let scene = RoutedScene(ports)
        var side = side(scene)
        var loop = EventLoop()
        var random = RandomSource()
        let facts = scene.facts()
        let destination = try #require(scene.destination(facts))
        let here = try member(side.choose(destination, for: facts, avoiding: nil, at: 0, &random))
        let elsewhere = ClusterMember(cluster: here.cluster + 1, endpoint: here.endpoint)
        let gone = ClusterMember(cluster: here.cluster, endpoint: .max - 1)
        for member in [here, elsewhere, gone] {
            side.keep(side.adopt(.plain(-1), member, .active), idleTimeout: 0, &loop)
        }
        let unknown = side.takeIdle(ClusterMember(cluster: here.cluster, endpoint: here.endpoint + 999))
        #expect(unknown == nil)
        let busy = side.adopt(.plain(-1), gone, .active)
        side.pools[gone].pointee.active += 1
        // Neither the other cluster nor the third endpoint is in any table.
        let isWaiting = side.sweep(&loop)
        let left = side.pools[gone].pointee
        #expect(isWaiting && left.hasLeft && left.firstIdle == nil)
        #expect(Set(side.pools.numbers) == [here, gone])
        side.pools[gone].pointee.active -= 1
        side.keep(busy, idleTimeout: 0, &loop)
        #expect(busy.pointee.phase == .closed)
        let isStillWaiting = side.sweep(&loop)
        #expect(!isStillWaiting && side.pools.numbers == [here])
        let kept = side.takeIdle(here)
        #expect(kept != nil)
    }
}
