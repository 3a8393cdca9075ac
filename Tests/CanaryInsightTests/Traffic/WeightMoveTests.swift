// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryResources

struct WeightMoveTests {
    private static let insiders: Node = [["headers": ["x-user": ["exact": "ada"]]]]

    @Test func `shares that changed are told, in the order of the new route`() {
        let before = Helloworld.routes([["route": Helloworld.split(["v1": 90, "v2": 10])]])
        let after = Helloworld.routes([["route": Helloworld.split(["v1": 3, "v2": 1])]])
        #expect(
            WeightMove.between(before, after) == [
                WeightMove(destination: "v1", before: 0.9, after: 0.75),
                WeightMove(destination: "v2", before: 0.1, after: 0.25),
            ]
        )
        #expect(WeightMove.between(before, before).isEmpty)
    }

    @Test func `routes are compared that take the same requests`() {
        let before = Helloworld.routes([["route": Helloworld.split(["v1": 90, "v2": 10])]])
        let after = Helloworld.routes([
            ["match": Self.insiders, "route": Helloworld.split(["v1": 50, "v2": 50])],
            ["route": Helloworld.split(["v1": 80, "v2": 20])],
        ])
        #expect(
            WeightMove.between(before, after) == [
                WeightMove(destination: "v1", before: 0.9, after: 0.8),
                WeightMove(destination: "v2", before: 0.1, after: 0.2),
            ]
        )
    }

    @Test func `of routes that match alike, the first belongs to the first`() {
        let conditions: [Node] = [
            [["headers": ["x-user": ["exact": "ada"]], "uri": ["prefix": "/"]]],
            [["uri": ["prefix": "/"], "headers": ["x-user": ["exact": "ada"]]]],
        ]
        let before = Helloworld.routes([
            ["match": conditions[0], "route": Helloworld.split(["v1": 90, "v2": 10])],
            ["match": conditions[0], "route": Helloworld.split(["v1": 50, "v2": 50])],
        ])
        let after = Helloworld.routes([
            ["match": conditions[1], "route": Helloworld.split(["v1": 80, "v2": 20])],
            ["match": conditions[1], "route": Helloworld.split(["v1": 50, "v2": 50])],
            ["match": conditions[1], "route": Helloworld.split(["v1": 1, "v2": 1])],
        ])
        #expect(
            WeightMove.between(before, after) == [
                WeightMove(destination: "v1", before: 0.9, after: 0.8),
                WeightMove(destination: "v2", before: 0.1, after: 0.2),
            ]
        )
    }
}
