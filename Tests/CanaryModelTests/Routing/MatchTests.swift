// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryModel

/// Envoy's and Istio's corner cases of matching, a request and a match block a row.
struct MatchTests {
    struct Row: CustomTestStringConvertible {
        var match: Node
        var target = "/"
        var method = "GET"
        var authority = "helloworld"
        var headers: KeyValuePairs<String, String> = [:]
        var matches: Bool
        var testDescription: String { "\(MatchDescription.text([HTTPMatch(match)])): \(target) \(headers)" }
    }

    static let paths: [Row] = [
        Row(match: ["uri": ["exact": "/a"]], target: "/a?x=1", matches: true),
        Row(match: ["uri": ["exact": "/a"]], target: "/a/", matches: false),
        Row(match: ["uri": ["exact": "/a"]], target: "/A", matches: false),
        Row(match: ["uri": ["exact": "/a"], "ignoreUriCase": true], target: "/A", matches: true),
        Row(match: ["uri": ["prefix": "/foo"]], target: "/foobar", matches: true),
        Row(match: ["uri": ["prefix": "/foo/"]], target: "/foo", matches: false),
        Row(match: ["uri": ["prefix": "/Foo"], "ignoreUriCase": true], target: "/fOObar", matches: true),
        Row(match: ["uri": ["prefix": "/"]], target: "/anything", matches: true),
        Row(match: ["uri": ["regex": "/a.c"]], target: "/abc?q", matches: true),
        Row(match: ["uri": ["regex": "/a.c"]], target: "/abcd", matches: false),
        Row(match: ["uri": ["regex": "/a.c"], "ignoreUriCase": true], target: "/ABC", matches: false),
        Row(match: ["uri": ["regex": "(?i)/a.c"]], target: "/ABC", matches: true),
        Row(match: ["uri": ["regex": "("]], target: "/", matches: false),
        Row(match: [:], target: "/x", matches: true),
    ]

    static let pseudo: [Row] = [
        Row(match: ["method": ["exact": "GET"]], matches: true),
        Row(match: ["method": ["exact": "get"]], matches: false),
        Row(match: ["method": ["regex": "GET|POST"]], method: "POST", matches: true),
        Row(match: ["scheme": ["exact": "http"]], matches: true),
        Row(match: ["scheme": ["exact": "https"]], matches: false),
        Row(match: ["authority": ["exact": "helloworld"]], matches: true),
        Row(match: ["authority": ["exact": "helloworld"]], authority: "helloworld:5000", matches: false),
        Row(match: ["authority": ["prefix": "hello"]], authority: "helloworld:5000", matches: true),
        Row(match: ["authority": ["exact": "helloworld"]], authority: "HelloWorld", matches: false),
        Row(match: ["headers": [":path": ["exact": "/a?x"]]], target: "/a?x", matches: true),
        Row(match: ["headers": [":path": ["exact": "/a"]]], target: "/a?x", matches: false),
        Row(match: ["headers": [":path": ["regex": "/a.*"]]], target: "/a", matches: true),
        Row(match: ["withoutHeaders": [":path": ["prefix": "/a?"]]], target: "/a?x", matches: false),
        Row(match: ["port": 5000], matches: true),
        Row(match: ["port": 80], matches: false),
        Row(match: ["port": 0], matches: true),
        Row(match: ["sourceNamespace": "default"], matches: true),
        Row(match: ["sourceNamespace": "shop"], matches: false),
        Row(match: ["sourceLabels": ["app": "web"]], matches: true),
        Row(match: ["sourceLabels": ["app": "api"]], matches: false),
        Row(match: ["gateways": ["mesh"], "sourceLabels": ["app": "api"]], matches: true),
        Row(match: ["gateways": ["edge"]], matches: false),
    ]

    static let headers: [Row] = [
        Row(match: ["headers": ["X-A": ["exact": "1"]]], headers: ["x-a": "1"], matches: true),
        Row(match: ["headers": ["x-a": ["exact": "V"]]], headers: ["X-A": "v"], matches: false),
        Row(match: ["headers": ["x-a": ["exact": "1"]]], matches: false),
        Row(match: ["headers": ["x-a": ["exact": ""]]], matches: false),
        Row(match: ["headers": ["x-a": ["exact": ""]]], headers: ["x-a": ""], matches: true),
        Row(match: ["headers": ["x-a": [:]]], headers: ["x-a": ""], matches: true),
        Row(match: ["headers": ["x-a": ["regex": "*"]]], headers: ["x-a": "q"], matches: true),
        Row(match: ["headers": ["x-a": [:]]], matches: false),
        Row(match: ["headers": ["x-a": ["prefix": "ab"]]], headers: ["x-a": "abc"], matches: true),
        Row(match: ["headers": ["x-a": ["regex": "a"]]], headers: ["x-a": "ab"], matches: false),
        Row(
            match: ["headers": ["x-a": ["exact": "1,2"]]],
            headers: ["x-a": "1", "b": "", "X-A": "2"],
            matches: true
        ),
        Row(match: ["headers": ["x-a": ["exact": "1"]]], headers: ["x-a": "1", "X-A": "2"], matches: false),
        Row(
            match: ["headers": ["cookie": ["regex": "^(.*?;)?(user=jason)(;.*)?$"]]],
            headers: ["Cookie": "a=b;user=jason;c=d"],
            matches: true
        ),
        Row(
            match: ["headers": ["cookie": ["regex": "^(.*?; )?(user=jason)(;.*)?$"]]],
            headers: ["cookie": "a=b", "Cookie": "user=jason"],
            matches: true
        ),
        Row(match: ["headers": ["uri": ["exact": "/nope"], "METHOD": ["exact": "x"]]], matches: false),
        Row(match: ["headers": ["@request.auth.claims.sub": ["exact": "x"]]], matches: false),
        Row(match: ["withoutHeaders": ["x-a": ["exact": "1"]]], matches: true),
        Row(match: ["withoutHeaders": ["x-a": ["exact": "1"]]], headers: ["x-a": "1"], matches: false),
        Row(match: ["withoutHeaders": ["x-a": ["exact": "1"]]], headers: ["x-a": "2"], matches: true),
        Row(match: ["withoutHeaders": ["x-a": ["exact": ""]]], matches: false),
        Row(match: ["withoutHeaders": ["x-a": ["regex": ".*"]]], matches: false),
        Row(match: ["withoutHeaders": ["x-a": ["regex": ".+"]]], matches: true),
        Row(match: ["withoutHeaders": ["x-a": [:]]], matches: true),
        Row(match: ["withoutHeaders": ["x-a": [:]]], headers: ["x-a": ""], matches: false),
        Row(match: ["withoutHeaders": ["x-a": ["regex": "*"]]], headers: ["x-a": "1"], matches: false),
    ]

    static let queries: [Row] = [
        Row(match: ["queryParams": ["a": ["exact": "1"]]], target: "/?b=2&a=1", matches: true),
        Row(match: ["queryParams": ["a": ["exact": "1"]]], target: "/?a=2&a=1", matches: false),
        Row(match: ["queryParams": ["a": ["exact": ""]]], target: "/?a", matches: true),
        Row(match: ["queryParams": ["a": ["exact": ""]]], target: "/?a=", matches: true),
        Row(match: ["queryParams": ["a": ["exact": ""]]], target: "/?b", matches: false),
        Row(match: ["queryParams": ["a": ["exact": ""]]], target: "/", matches: false),
        Row(match: ["queryParams": ["a": [:]]], target: "/?x&a=7", matches: true),
        Row(match: ["queryParams": ["a": ["prefix": "7"]]], target: "/?a=78", matches: true),
        Row(match: ["queryParams": ["a": ["regex": "\\d+"]]], target: "/?a=78", matches: true),
        Row(match: ["queryParams": ["a": ["regex": "\\d"]]], target: "/?a=78", matches: false),
        Row(match: ["queryParams": ["A": [:]]], target: "/?a=78", matches: false),
        Row(match: ["queryParams": ["a": [:], "b": [:]]], target: "/?a", matches: false),
    ]

    @Test(arguments: paths + pseudo + headers + queries)
    func `a match block holds or not`(row: Row) {
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
