// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

/// Holds the shares that `explain` tells to what the proxy's choice does around them.
struct StickyChoiceTests {
    private static func explanation(_ weights: [Int64], user: String) -> Explanation {
        let routes = weights.enumerated().map { index, weight -> Node in
            [
                "destination": ["host": "helloworld", "subset": .string("v\(index)")],
                "weight": .integer(weight),
            ]
        }
        let rule = object(
            .destinationRule,
            "helloworld",
            [
                "spec": [
                    "host": "helloworld",
                    "trafficPolicy": ["loadBalancer": ["consistentHash": ["httpHeaderName": "x-user"]]],
                ]
            ]
        )
        let snapshot = ClusterSnapshot([
            Helloworld.service(), rule, Helloworld.routes([["route": .sequence(routes)]]),
        ])
        var request = ExplainedRequest(
            method: "GET",
            scheme: "http",
            authority: "helloworld",
            path: "/",
            query: nil,
            headers: []
        )
        request.user = user
        return RequestExplainer(snapshot: snapshot, namespace: "default").explain(request)
    }

    @Test(arguments: 0..<40) func `the version changes at the share that is told, for two versions`(
        number: Int
    ) throws {
        let user = "user-\(number)"
        let threshold = try #require(Self.explanation([1, 1], user: user).sticky).thresholds[1]
        let millionths = Int64((threshold * 1_000_000).rounded(.down))
        try #require(millionths > 1 && millionths < 999_998)
        let below = Self.explanation([1_000_000 - millionths, millionths], user: user)
        let above = Self.explanation([999_999 - millionths, millionths + 1], user: user)
        #expect(below.sticky?.chosen == 0)
        #expect(above.sticky?.chosen == 1)
        #expect(abs((below.sticky?.thresholds.reduce(0, +) ?? 0) - 1) < 1e-12)
    }

    @Test(arguments: 0..<40) func `each of several versions has its own share`(number: Int) throws {
        let user = "user-\(number)"
        let others: (Int64, Int64) = (3, 5)
        let thresholds = try #require(Self.explanation([3, 5, 8], user: user).sticky).thresholds
        // The share of the last version moves, the others keep their proportion of 3 to 5.
        let share = thresholds[2]
        func chosen(_ share: Double) -> Int? {
            let unit = 100_000_000.0
            let last = Int64(share * unit)
            let rest = Int64((1 - share) * unit) / 8
            return Self.explanation([rest * others.0, rest * others.1, last], user: user).sticky?.chosen
        }
        try #require(share > 0.001 && share < 0.999)
        #expect(chosen(share + 0.0005) == 2)
        #expect(chosen(share - 0.0005) != 2)
    }

    @Test func `a version of weight 0 has a share too`() throws {
        let none = try #require(Self.explanation([100, 0], user: "ada").sticky)
        let some = try #require(Self.explanation([50, 50], user: "ada").sticky)
        #expect(none.chosen == 0)
        #expect(none.thresholds == some.thresholds)
    }

    @Test func `without key, and for one destination, nothing is told`() {
        #expect(Self.explanation([1], user: "ada").sticky == nil)
        #expect(Self.explanation([1], user: "ada").hashKey == nil)
        #expect(Self.explanation([1, 1], user: "").sticky == nil)
        #expect(Self.explanation([1, 1], user: "").hashKey?.name == "x-user")
    }

    @Test func `the user's key goes where it is looked for`() {
        let arena = RoutingArena()
        withExtendedLifetime(arena) {
            func facts(_ source: HashKeyRecord.Source) -> (RequestFacts, HashKeyRecord) {
                let key = HashKeyRecord(source: source, name: arena.store("who"))
                var facts = RequestFacts()
                facts.headers = arena.store([
                    RequestHeader(name: arena.store("Who"), value: arena.store("nobody")),
                    RequestHeader(name: arena.store("cookie"), value: arena.store("who=nobody; a=b")),
                ])
                facts.query = arena.store("who=nobody&x=1")
                facts.identify(as: "ada", by: key, in: arena)
                return (facts, key)
            }
            for source in [HashKeyRecord.Source.header, .cookie, .queryParameter, .sourceAddress] {
                let (facts, key) = facts(source)
                #expect(facts.userKey(key).text == "ada")
            }
            #expect(facts(.queryParameter).0.query.text == "who=ada&who=nobody&x=1")
            #expect(facts(.none).0.query.text == "who=nobody&x=1")
        }
    }
}
