// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import CanaryTestSupport
import Testing

@testable import CanaryProxy

/// How a worker goes through endpoints that are not all alike, without a socket.
struct ClusterPlanTests {
    /// How often each endpoint is chosen, by its port.
    private func counts(
        _ endpoints: [(port: UInt16, weight: Int64, locality: String)],
        _ rule: Resource?,
        region: String = "us",
        choices: Int = 10_000
    ) throws -> [UInt16: Int] {
        let scene = RoutedScene(
            [],
            resources: endpoints.map {
                RoutedScene.endpoint($0.port, weight: $0.weight, locality: $0.locality)
            } + (rule.map { [$0] } ?? []),
            labels: ["topology.kubernetes.io/region": region]
        )
        var side = UpstreamSide(identifiers: scene.identifiers, counters: WorkerCounters())
        var random = RandomSource()
        var counts: [UInt16: Int] = [:]
        let facts = scene.facts()
        let destination = try #require(scene.destination(facts))
        for _ in 0..<choices {
            guard
                case .endpoint(let member, _) = side.choose(
                    destination,
                    for: facts,
                    avoiding: nil,
                    at: 0,
                    &random
                ),
                let address = scene.identifiers.endpoint(member.endpoint)
            else { continue }
            counts[address.port, default: 0] += 1
        }
        return counts
    }

    private static let places: [(port: UInt16, weight: Int64, locality: String)] = [
        (1, 1, "us/a/1"), (2, 1, "us/a/1"), (3, 1, "eu/a/1"),
    ]

    @Test(arguments: ["ROUND_ROBIN", "LEAST_REQUEST"])
    func `turns are exact where weights differ`(simple: String) throws {
        let counts = try counts(
            [(1, 1, ""), (2, 3, ""), (3, 6, "")],
            RoutedScene.balancing(["simple": .text(simple)]),
            choices: 1000
        )
        for (port, wanted) in [(1, 100), (2, 300), (3, 600)] as [(UInt16, Int)] {
            #expect(abs(counts[port, default: 0] - wanted) <= 1, "\(counts)")
        }
    }

    @Test func `localities get the shares that are said, whatever their endpoints`() throws {
        let rule = RoutedScene.balancing([
            "simple": "ROUND_ROBIN",
            "localityLbSetting": ["distribute": [["from": "us/*", "to": ["us/*": 20, "eu/*": 80]]]],
        ])
        let counts = try counts(Self.places, rule)
        // Six standard deviations of 10,000 draws with p = 1/5.
        #expect(7760...8240 ~= counts[3, default: 0], "\(counts)")
        // Inside a locality they take turns.
        #expect(abs(counts[1, default: 0] - counts[2, default: 0]) <= 1)
    }

    @Test func `the nearest locality gets everything, and others where it has none`() throws {
        let rule = RoutedScene.policy([("outlierDetection", ["consecutive5xxErrors": 3])])
        #expect(Set(try counts(Self.places, rule, choices: 200).keys) == [1, 2])
        #expect(Set(try counts(Self.places, rule, region: "eu", choices: 200).keys) == [3])
        #expect(Set(try counts(Self.places, rule, region: "asia", choices: 200).keys) == [1, 2, 3])
        // Without outlier detection, where they are plays no part.
        #expect(Set(try counts(Self.places, nil, choices: 200).keys) == [1, 2, 3])
    }

    @Test func `a panic of one priority gives no requests to what others ejected`() throws {
        let places = [
            ("a.test", "us"), ("b.test", "us"), ("c.test", "us"), ("d.test", "us"), ("e.test", "eu"),
        ]
        let endpoints = places.map { ["address": .text($0.0), "locality": .text("\($0.1)/x/1")] as Value }
        let spec: Value = [
            "hosts": ["named.test"], "resolution": "DNS", "endpoints": .list(endpoints),
            "ports": [["number": 80, "name": "http", "protocol": "HTTP"]],
        ]
        let outliers: Value = [
            "consecutive5xxErrors": 1, "maxEjectionPercent": 100, "minHealthPercent": 20,
        ]
        let policy: Value = ["host": "named.test", "trafficPolicy": ["outlierDetection": outliers]]
        let scene = RoutedScene(
            [],
            resources: [
                TestProxy.resource(.serviceEntry, "named", ["spec": spec]),
                TestProxy.resource(.destinationRule, "named", ["spec": policy]),
            ],
            labels: ["topology.kubernetes.io/region": "us"]
        )
        let ill = ["127.0.0.2", "127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4"]
        let found = [
            "a.test": ["127.0.0.2", "127.0.0.3"], "b.test": [ill[1]], "c.test": [ill[2]], "d.test": [ill[3]],
            "e.test": [ill[4]],
        ]
        let resolutions = Resolutions(found, scene.identifiers)
        scene.identifiers.resolve(resolutions.addresses.mapValues { Set($0.map(\.id)) })
        let facts = scene.facts()
        let destination = try #require(scene.destination(facts, host: "named.test"))
        let health = try #require(destination.health)
        for id in resolutions.addresses.values.joined().map(\.id)
        where ill.contains(scene.identifiers.endpoint(id)?.host ?? "") {
            _ = health._withUnsafeGuaranteedRef {
                $0.report(.answered(status: 500), of: id, destination.outliers, now: 0)
            }
        }
        var side = UpstreamSide(identifiers: scene.identifiers, counters: WorkerCounters())
        var random = RandomSource()
        _ = side.adopt(resolutions, &random)
        var chosen: Set<String> = []
        for _ in 0..<200 {
            let choice = side.choose(destination, for: facts, avoiding: nil, at: 0, &random)
            guard case .endpoint(let member, _) = choice else { continue }
            chosen.insert(scene.identifiers.endpoint(member.endpoint)?.host ?? "")
        }
        // One of four is well here, which is enough, and none there, which is a panic.
        #expect(chosen == ["127.0.0.3"] || chosen == ["127.0.0.3", ill[4]], "\(chosen)")
        _ = side.adopt(nil, &random)
    }

    @Test func `users of a hash stay in the locality that they are given`() throws {
        let rule = RoutedScene.policy([
            ("outlierDetection", ["consecutive5xxErrors": 3]),
            ("loadBalancer", ["consistentHash": ["httpHeaderName": "x-user"]]),
        ])
        let scene = RoutedScene(
            [],
            resources: Self.places.map { RoutedScene.endpoint($0.port, locality: $0.locality) } + [rule],
            labels: ["topology.kubernetes.io/region": "us"]
        )
        var side = UpstreamSide(identifiers: scene.identifiers, counters: WorkerCounters())
        var random = RandomSource()
        let name = scene.slice("x-user")
        var chosen: Set<UInt16> = []
        for user in 0..<100 {
            var headers = [RequestHeader(name: name, value: scene.slice("user-\(user)"))]
            try headers.withUnsafeMutableBufferPointer { headers in
                var facts = scene.facts()
                facts.headers = BorrowedList(UnsafeBufferPointer(headers))
                let destination = try #require(scene.destination(facts))
                let choices = (0..<3).map { _ in
                    side.choose(destination, for: facts, avoiding: nil, at: 0, &random)
                }
                #expect(choices.allSatisfy { $0 == choices[0] })
                guard case .endpoint(let member, _) = choices[0] else { return }
                chosen.insert(scene.identifiers.endpoint(member.endpoint)?.port ?? 0)
            }
        }
        #expect(chosen == [1, 2])
    }

    @Test func `a plan is made anew when the endpoints change, and kept when they do not`() throws {
        let rule = RoutedScene.balancing(["simple": "ROUND_ROBIN"])
        let scene = RoutedScene(
            [],
            resources: [RoutedScene.endpoint(1), RoutedScene.endpoint(2, weight: 2), rule]
        )
        let same = TestProxy.table(
            [],
            nil,
            [RoutedScene.endpoint(1), RoutedScene.endpoint(2, weight: 2), rule],
            scene.identifiers
        )
        let other = TestProxy.table(
            [],
            nil,
            [RoutedScene.endpoint(1), RoutedScene.endpoint(2, weight: 3), rule],
            scene.identifiers
        )
        let facts = scene.facts()
        func destination(_ table: RoutingTable) throws -> DestinationHandle {
            let host = try #require(table.virtualHost(listener: 0, authority: scene.slice("app")))
            return try #require(host.route(for: facts)?.destination(for: facts, random: 0))
        }
        var state = ClusterState()
        defer { state.forgetPlan() }
        var random = RandomSource()
        let plan = state.plan(for: try destination(scene.table), 0, &random)
        let membership = try destination(scene.table).membership
        #expect(try destination(same).membership == membership)
        #expect(state.plan(for: try destination(same), 0, &random) == plan)
        let changed = try destination(other)
        #expect(changed.membership != membership)
        let isAnew = state.plan(for: changed, 0, &random).pointee.holds(for: changed, 0, 0)
        #expect(isAnew)
    }

    @Test func `a new endpoint warms up to its share`() throws {
        let rule = RoutedScene.balancing([
            "simple": "ROUND_ROBIN", "warmup": ["duration": "100s", "minimumPercent": 10],
        ])
        let scene = RoutedScene([], resources: [RoutedScene.endpoint(1), rule])
        var side = UpstreamSide(identifiers: scene.identifiers, counters: WorkerCounters())
        var random = RandomSource()
        let facts = scene.facts()
        let old = try #require(scene.destination(facts))
        _ = side.choose(old, for: facts, avoiding: nil, at: 1000, &random)
        let grown = TestProxy.table(
            [],
            nil,
            [RoutedScene.endpoint(1), RoutedScene.endpoint(2), rule],
            scene.identifiers
        )
        let host = try #require(grown.virtualHost(listener: 0, authority: scene.slice("app")))
        let destination = try #require(host.route(for: facts)?.destination(for: facts, random: 0))
        func share(at now: Int64) -> Int {
            (0..<1100).count { _ in
                guard
                    case .endpoint(let member, _) = side.choose(
                        destination,
                        for: facts,
                        avoiding: nil,
                        at: now,
                        &random
                    )
                else { return false }
                return scene.identifiers.endpoint(member.endpoint)?.port == 2
            }
        }
        let shares = [500_000, 525_000, 550_000, 599_999, 600_000].map { share(at: $0) }
        // 0.1 : 1, 0.25 : 1, 0.5 : 1, and half.
        for (share, wanted) in zip(shares, [100, 220, 367, 550, 550]) {
            #expect(abs(share - wanted) <= 2, "\(shares)")
        }
    }
}
