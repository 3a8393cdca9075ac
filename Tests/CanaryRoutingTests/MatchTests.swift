// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources

struct MatchTests {
    @Test(arguments: MatchCases.paths + MatchCases.pseudo + MatchCases.headers + MatchCases.queries)
    func `a match block holds or not`(row: MatchCases.Row) {
        let routes = Helloworld.routes([["match": [row.match], "directResponse": ["status": 200]]])
        let router = Router([Helloworld.service(), routes], labels: ["app": "web", "tier": "x"])
        let answer = router.ask(row.authority, row.target, method: row.method, headers: row.headers)
        #expect((answer.action == "directResponse") == row.matches)
    }

    @Test func `blocks are alternatives, conditions go together, the first route wins`() {
        let routes = Helloworld.routes([
            [
                "match": [
                    ["uri": ["prefix": "/a"], "headers": ["x": ["exact": "1"]]], ["uri": ["exact": "/b"]],
                ],
                "directResponse": ["status": 201],
            ],
            ["match": [["uri": ["prefix": "/a"]]], "directResponse": ["status": 202]],
            ["match": [["uri": ["prefix": "/"]]], "directResponse": ["status": 203]],
            ["match": [["uri": ["exact": "/z"]]], "directResponse": ["status": 204]],
        ])
        let router = Router([Helloworld.service(), routes])
        #expect(router.ask("helloworld", "/a", headers: ["x": "1"]).route == 0)
        #expect(router.ask("helloworld", "/b").route == 0)
        #expect(router.ask("helloworld", "/a").route == 1)
        #expect(router.ask("helloworld", "/z").route == 2)
    }

    @Test func `delegates stand in for the routes that name them`() {
        let root = Helloworld.routes([
            [
                "name": "api", "match": [["uri": ["prefix": "/api"]]], "timeout": "3s",
                "delegate": ["name": "leaf", "namespace": "team"],
            ],
            ["match": [["uri": ["prefix": "/lost"]]], "delegate": ["name": "missing"]],
            ["directResponse": ["status": 299]],
        ]).created(2)
        let leaf = object(
            .virtualService,
            "leaf",
            namespace: "team",
            [
                "spec": [
                    "http": [
                        [
                            "name": "one", "match": [["uri": ["prefix": "/api/v1"]]],
                            "route": [["destination": ["host": "inner"]]],
                        ],
                        ["match": [["uri": ["prefix": "/other"]]], "directResponse": ["status": 200]],
                        ["route": [["destination": ["host": "rest"]]]],
                    ]
                ]
            ]
        ).created(5)
        let objects = [Helloworld.service(), root, leaf]
        let router = Router(objects)
        #expect(router.ask("helloworld", "/api/v1/x").destination == "inner.team.svc.cluster.local|")
        #expect(router.ask("helloworld", "/api/v2").destination == "rest.team.svc.cluster.local|")
        #expect(router.ask("helloworld", "/other").location == "299 ")
        #expect(router.ask("helloworld", "/lost").location == "299 ")
        let effective = ClusterSnapshot(objects).effectiveRoutes(of: root)
        #expect(effective.map(\.route.name) == ["api-one", "api", ""])
        #expect(effective.map(\.since) == [5, 5, 2])
        #expect(effective.map(\.route.timeout) == [.seconds(3), .seconds(3), nil])
    }

    static let conflicts: [(Node, Node, Bool)] = [
        (["uri": ["prefix": "/a"]], ["uri": ["prefix": "/a/b"]], false),
        (["uri": ["prefix": "/a/b"]], ["uri": ["prefix": "/a"]], true),
        (["uri": ["exact": "/a"]], ["uri": ["exact": "/a"]], false),
        (["uri": ["exact": "/a"]], ["uri": ["prefix": "/a"]], true),
        (["uri": ["prefix": "/a"]], ["uri": ["regex": "/a.*"]], true),
        (["uri": ["regex": "/a"]], ["uri": ["regex": "/a"]], true),
        (["uri": ["regex": "/a"]], ["method": ["exact": "GET"]], false),
        (["method": ["exact": "GET"]], ["method": ["exact": "POST"]], true),
        (["headers": ["a": ["exact": "1"]]], ["headers": ["b": ["exact": "2"]]], false),
        (["headers": ["a": ["exact": "1"]]], ["headers": ["a": ["exact": "2"]]], true),
        (["port": 80], ["port": 81], true),
        (["port": 80], [:], false),
        (["ignoreUriCase": true], [:], true),
        (["sourceLabels": ["a": "1"]], ["sourceLabels": ["a": "2"]], true),
        (["gateways": ["x", "y"]], ["gateways": ["y"]], false),
        (["gateways": ["x"]], ["gateways": ["x", "y"]], true),
    ]

    @Test(arguments: conflicts)
    func `a delegate may only narrow`(root: Node, leaf: Node, conflicts: Bool) {
        #expect(DelegateMerge.conflict(HTTPMatch(root), HTTPMatch(leaf)) == conflicts)
    }
}
