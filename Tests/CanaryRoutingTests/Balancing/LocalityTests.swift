// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct LocalityTests {
    private static let places = ["us/a/1", "us/a/2", "us/b/1", "eu/a/1", "asia/a/1", ""]

    /// The groups for a client, each as `PRIORITY*WEIGHT places`.
    private func groups(
        _ setting: Node?,
        client: String = "us/a/1",
        labels: [String: String] = [:],
        detectsOutliers: Bool = true,
        members: [LocalityPlan.Member] = places.map { .init(locality: Locality($0), labels: [:], weight: 1) }
    ) -> [String] {
        LocalityPlan.groups(
            members,
            client: Locality(client),
            labels: labels,
            policy: setting.map(LocalityPolicy.init),
            detectsOutliers: detectsOutliers
        ).map { group in
            let places = group.members.map { index in
                let place = members[index].locality
                return [place.region, place.zone, place.subzone].filter { !$0.isEmpty }.joined(separator: "/")
            }
            return "\(group.priority)*\(group.weight) \(places.joined(separator: " "))"
        }
    }

    private static let ranked = [
        "0*1 us/a/1", "1*1 us/a/2", "2*1 us/b/1", "3*1 eu/a/1", "3*1 asia/a/1", "3*1 ",
    ]

    @Test func `with outlier detection the nearest endpoints come first, without any setting`() {
        #expect(groups(nil) == Self.ranked)
        #expect(groups([:]) == Self.ranked)
        let together = "0*6 us/a/1 us/a/2 us/b/1 eu/a/1 asia/a/1 "
        #expect(groups(nil, detectsOutliers: false) == [together])
        #expect(groups(["enabled": false]) == [together])
    }

    @Test func `a client's region fails over where the setting says`() {
        let setting: Node = ["failover": [["from": "us", "to": "eu"], ["from": "eu", "to": "asia"]]]
        #expect(groups(setting).suffix(3) == ["3*1 eu/a/1", "4*1 asia/a/1", "4*1 "])
        #expect(groups(setting, client: "asia/z/z").first == "0*1 asia/a/1")
    }

    @Test func `priorities have no gaps, and endpoints of one locality stay together`() {
        let members = ["eu/a/1", "us/b/1", "eu/a/1", "us/c/1"].map {
            LocalityPlan.Member(locality: Locality($0), labels: [:], weight: 2)
        }
        #expect(groups(nil, members: members) == ["0*2 us/b/1", "0*2 us/c/1", "1*4 eu/a/1 eu/a/1"])
        #expect(groups(nil, members: []) == [])
    }

    static let distributions: [(to: Node, wanted: [String])] = [
        (["us/a/1": 80, "eu/*": 20], ["0*80 us/a/1", "0*20 eu/a/1"]),
        (["us/*": 90, "us/b/1": 10], ["0*45 us/a/1", "0*45 us/a/2", "0*10 us/b/1"]),
        (["*": 100], ["0*17 us/a/1", "0*17 us/a/2", "0*17 us/b/1", "0*17 eu/a/1", "0*17 asia/a/1", "0*17 "]),
        (["us/a/1": 100, "eu/*": 0], ["0*100 us/a/1"]),
        (["mars/*": 100], []),
    ]

    @Test(arguments: distributions)
    func `shares go to the localities that are named`(to: Node, wanted: [String]) {
        let setting: Node = [
            "distribute": [["from": "eu/*", "to": ["*": 100]], ["from": "us/a/*", "to": to]]
        ]
        for detectsOutliers in [true, false] {
            #expect(groups(setting, detectsOutliers: detectsOutliers) == wanted)
        }
        #expect(groups(setting, client: "mars/a/a").count == 1)
    }

    @Test func `labels rank endpoints by how many of the first ones agree`() {
        let setting: Node = [
            "failoverPriority": [
                "topology.kubernetes.io/region", "version=v2", "topology.kubernetes.io/zone",
            ]
        ]
        let members = [("eu/a/1", "v2"), ("us/a/1", "v1"), ("us/b/1", "v2"), ("us/a/2", "v2")].map {
            LocalityPlan.Member(locality: Locality($0.0), labels: ["version": $0.1], weight: 1)
        }
        let wanted = ["0*1 us/a/2", "1*1 us/b/1", "2*1 us/a/1", "3*1 eu/a/1"]
        #expect(groups(setting, labels: ["version": "v1"], members: members) == wanted)
    }

    @Test(arguments: [
        ("us/a/1", "us/a/1", true), ("us/a/1", "us/a", true), ("us/a/1", "us", true),
        ("us/a/1", "us/*", true),
        ("us/a/1", "us/a/*", true), ("us/a/1", "*", true), ("", "*", true), ("us/a/1", "us/b/*", false),
        ("us/a/1", "eu/*", false), ("us/a/1", "us/a/2", false), ("us", "us/a", false),
    ])
    func `patterns cover localities as istiod's do`(place: String, pattern: String, wanted: Bool) {
        #expect(Locality(place).matches(pattern) == wanted)
    }

    @Test func `labels say where something runs`() {
        let kubernetes = Locality(labels: [
            "topology.kubernetes.io/region": "us", "topology.kubernetes.io/zone": "a",
            "topology.istio.io/subzone": "1",
        ])
        #expect(kubernetes == Locality("us/a/1"))
        #expect(
            Locality(labels: ["istio-locality": "us.a.1", "topology.kubernetes.io/region": "x"]) == kubernetes
        )
        #expect(Locality(labels: ["istio-locality": "us/a.b/1"]) == Locality("us/a.b/1"))
        #expect(Locality(labels: [:]).isEmpty)
    }

    // MARK: - Loads

    private static func load(_ counts: [(healthy: Int, all: Int32)], minHealthPercent: UInt32 = 0)
        -> PriorityLoad
    {
        var groups: [EndpointGroup] = []
        for (index, count) in counts.enumerated() {
            let start = groups.last.map { $0.start + $0.count } ?? 0
            groups.append(
                EndpointGroup(priority: Int32(index), weight: 1, start: start, count: count.all)
            )
        }
        var policy = OutlierPolicy.none
        policy.minHealthPercent = minHealthPercent
        return PriorityLoad(groups, healthy: counts.map(\.healthy), policy: policy)
    }

    static let loads: [(counts: [(healthy: Int, all: Int32)], wanted: [Int])] = [
        ([(10, 10), (10, 10)], [100, 0]),
        ([(8, 10), (10, 10)], [100, 0]),
        // Envoy's documentation of priority levels.
        ([(71, 100), (100, 100)], [99, 1]),
        ([(50, 100), (100, 100)], [70, 30]),
        ([(25, 100), (100, 100)], [35, 65]),
        ([(0, 100), (100, 100)], [0, 100]),
        ([(25, 100), (25, 100), (25, 100)], [35, 35, 30]),
        ([(25, 100), (25, 100)], [50, 50]),
        ([(0, 10), (0, 10)], [100, 0]),
        ([(5, 100), (0, 100), (5, 100)], [50, 0, 50]),
    ]

    @Test(arguments: loads)
    func `priorities get what Envoy's documentation says`(counts: [(healthy: Int, all: Int32)], wanted: [Int])
    {
        #expect(Self.load(counts).percentages == wanted)
    }

    @Test func `priorities that were tried are avoided, as long as others are left`() {
        let load = Self.load([(50, 100), (25, 100), (100, 100)])
        #expect(load.percentages == [70, 30, 0])
        #expect(load.avoiding(1).percentages == [0, 35, 65])
        #expect(load.avoiding(3).percentages == [0, 0, 100])
        #expect(load.avoiding(7).percentages == load.percentages)
        #expect(load.avoiding(0) == load)
    }

    @Test func `panic is of priorities that are too sick, while all together are`() {
        #expect(Self.load([(1, 10), (10, 10)], minHealthPercent: 50).isInPanic == [false, false])
        #expect(Self.load([(1, 10), (3, 10)], minHealthPercent: 20).isInPanic == [true, false])
        let all = Self.load([(1, 30), (1, 10)], minHealthPercent: 50)
        #expect(all.isInPanic == [true, true])
        #expect(all.percentages == [75, 25])
        #expect(Self.load([(0, 10)]).isInPanic == [false])
    }

    @Test func `requests are spread over localities by weight and health`() {
        let groups = [
            EndpointGroup(priority: 0, weight: 30, start: 0, count: 10),
            EndpointGroup(priority: 0, weight: 70, start: 10, count: 10),
            EndpointGroup(priority: 1, weight: 1, start: 20, count: 10),
        ]
        func shares(_ healthy: [Int]) -> [Int] {
            let load = PriorityLoad(groups, healthy: healthy, policy: .none)
            var random = SeededGenerator(seed: 1)
            var found = [0, 0, 0]
            for _ in 0..<20_000 {
                if let index = load.choose((random.next(), random.next())) { found[index] += 1 }
            }
            return found.map { ($0 + 100) / 200 }
        }
        #expect(shares([10, 10, 10]) == [30, 70, 0])
        #expect(shares([10, 0, 10]).reduce(0, +) == 100)
        #expect(shares([10, 0, 10])[1] == 0)
        // Half healthy counts as 0.7: 30 to 49.
        #expect(abs(shares([10, 5, 10])[0] - 38) <= 1)
        #expect(shares([0, 0, 10]) == [0, 0, 100])
    }

    // MARK: - In the table

    @Test func `endpoints lie in the order of their groups`() {
        let entries = [("v1", "10.0.0.1", "eu/a"), ("v1", "10.0.0.2", "us/a"), ("v1", "10.0.0.3", "eu/a")].map
        {
            version,
            address,
            place in
            object(
                .workloadEntry,
                "e-\(address)",
                [
                    "spec": [
                        "address": .string(address), "locality": .string(place),
                        "labels": ["app": "helloworld", "version": .string(version)],
                    ]
                ]
            )
        }
        let rule = object(
            .destinationRule,
            "helloworld",
            ["spec": ["host": "helloworld", "trafficPolicy": ["outlierDetection": [:]]]]
        )
        let router = Router(
            [Helloworld.service(), rule] + entries,
            labels: ["topology.kubernetes.io/region": "us", "topology.kubernetes.io/zone": "a"]
        )
        let table = router.builder.table()
        let arena = RoutingArena()
        withExtendedLifetime((table, arena)) {
            var facts = Router.facts("/", "GET", [:], "10.0.0.9", arena)
            facts.authority = arena.store("helloworld")
            facts.port = 5000
            let route = table.virtualHost(listener: 0, authority: facts.authority)?.route(for: facts)
            let destination = route?.destination(for: facts, random: 0)
            let addresses = destination?.endpoints.compactMap { router.identifiers.endpoint($0.id)?.host }
            #expect(addresses == ["10.0.0.2", "10.0.0.1", "10.0.0.3"])
            #expect(destination?.groups.map(\.priority) == [0, 1])
            #expect(destination?.groups.map(\.range) == [0..<1, 1..<3])
        }
    }
}
