// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRules

/// What is accepted, and does something else than it seems to (CAN1123 to CAN1130): each rule with what it finds and its
/// neighbours that are right.
struct TrippingRuleTests {
    func routes(
        _ name: String = "web",
        hosts: Node = ["web"],
        gateways: Node = ["mesh"],
        http: Node
    ) -> Resource {
        object(.virtualService, name, ["spec": ["hosts": hosts, "gateways": gateways, "http": http]])
    }

    func matching(_ block: Node, rewrite: String? = nil) -> Resource {
        var route: Node = ["match": [block], "route": [["destination": ["host": "web"]]]]
        if let rewrite { route.set(["uri": .string(rewrite)], at: "rewrite") }
        return routes(http: [route])
    }

    func count(_ code: String, _ changed: Resource, _ others: Resource...) -> Int {
        findings(code, changed, others).count
    }

    func findings(_ code: String, _ changed: Resource, _ others: Resource...) -> [Diagnostic] {
        findings(code, changed, others)
    }

    func findings(_ code: String, _ changed: Resource, _ others: [Resource]) -> [Diagnostic] {
        let snapshot = ClusterSnapshot([changed] + others)
        let all =
            RuleCatalog.checkObject(changed)
            + RuleCatalog.checkReferences([changed], in: snapshot, asWarnings: false)
        return all.filter { $0.code.canary == code }
    }

    @Test(
        arguments: [
            (["headers": ["Authority": ["prefix": "shop"]]], 1),
            (["withoutHeaders": ["uri": ["exact": "/"]]], 1),
            (["headers": [":authority": ["prefix": "shop"]]], 0), (["authority": ["prefix": "shop"]], 0),
            (["headers": ["x-method": ["exact": "a"]]], 0),
        ] as [(Node, Int)]
    )
    func `names of the request's parts are no headers`(block: Node, expected: Int) {
        #expect(count("CAN1123", matching(block)) == expected)
    }

    @Test(arguments: [
        ("exact", "/a?x=1", 1), ("prefix", "/a?", 1), ("regex", "/a\\?x=.*", 1), ("exact", "/a#b", 1),
        ("prefix", "a", 1), ("exact", "/a/../b", 1), ("exact", "/a/.", 1), ("regex", "/ab?", 0),
        ("prefix", "/a/.", 0), ("exact", "/.well-known", 0), ("exact", "*", 0), ("prefix", "/a//b", 0),
        ("regex", "/a(\\?.*)?", 0),
    ])
    func `no path has a query`(test: String, text: String, expected: Int) {
        var block = Node.mapping([:])
        block.set(.string(text), at: "uri", test)
        #expect(count("CAN1124", matching(block)) == expected)
    }

    @Test func `Gateways know no short names`() {
        let answer: Node = [["directResponse": ["status": 200]]]
        #expect(count("CAN1125", routes(gateways: ["edge"], http: answer)) == 1)
        #expect(count("CAN1125", routes(hosts: ["web.test", "*"], gateways: ["edge"], http: answer)) == 0)
        #expect(count("CAN1125", routes(http: answer)) == 0)
        func gateway(_ host: Node) -> Resource {
            let server: Node = ["port": ["number": 80, "name": "http", "protocol": "HTTP"], "hosts": [host]]
            return object(.gateway, "edge", ["spec": ["servers": [server]]])
        }
        let routed = routes(gateways: ["edge"], http: answer)
        #expect(count("CAN0815", routed, gateway("web.default.svc.cluster.local")) == 0)
        #expect(count("CAN0815", routed, gateway("web")) == 1)
        #expect(count("CAN0815", routed, gateway("*")) == 0)
    }

    @Test(
        arguments: [
            (["uri": ["prefix": "/api"]], "/", 1), (["uri": ["prefix": "/api/"]], "/v2", 1), ([:], "/v2", 1),
            (["uri": ["prefix": "/api/"]], "/", 0), (["uri": ["prefix": "/api"]], "/v2", 0),
            (["uri": ["exact": "/api"]], "/", 0), (["uri": ["regex": "/api.*"]], "/", 0), ([:], "/", 0),
        ] as [(Node, String, Int)]
    )
    func `the seam of a rewrite`(block: Node, rewrite: String, expected: Int) {
        #expect(count("CAN1126", matching(block, rewrite: rewrite)) == expected)
    }

    @Test func `a block for the prefix with its slash mends the seam`() {
        func both(_ first: String, _ second: String) -> Resource {
            routes(http: [
                [
                    "match": [["uri": ["prefix": .string(first)]], ["uri": ["prefix": .string(second)]]],
                    "rewrite": ["uri": "/"], "route": [["destination": ["host": "web"]]],
                ]
            ])
        }
        #expect(count("CAN1126", both("/api/", "/api")) == 0)
        #expect(count("CAN1126", both("/api", "/api/")) == 1)
    }

    @Test(arguments: [
        ("prefix", "/api/*", "write \"/api/\""), ("exact", "/api/*", "write \"prefix: /api/\""),
        ("prefix", "/*", "write \"/\""), ("prefix", "/api*", nil), ("exact", "*", nil),
        ("regex", "/api/*", nil),
        ("prefix", "/a/*/b", nil),
    ])
    func `a star at the end of a path is only a star`(test: String, text: String, hint: String?) {
        var block = Node.mapping([:])
        block.set(.string(text), at: "uri", test)
        #expect(findings("CAN1131", matching(block)).map(\.hint) == [hint].compactMap(\.self))
    }

    @Test func `a cookie is seldom alone`() {
        #expect(count("CAN1127", matching(["headers": ["Cookie": ["exact": "user=ada"]]])) == 1)
        #expect(count("CAN1127", matching(["headers": ["cookie": ["regex": ".*user=ada.*"]]])) == 0)
        #expect(count("CAN1127", matching(["headers": ["x-cookie": ["exact": "user=ada"]]])) == 0)
    }

    @Test func `a delegate's headers replace the root's`() {
        let change: Node = ["request": ["set": ["x-a": "1"]]]
        let root = routes(http: [["delegate": ["name": "leaf"], "headers": change]])
        func leaf(_ headers: Node) -> Resource {
            object(
                .virtualService,
                "leaf",
                ["spec": ["http": [["route": [["destination": ["host": "web"]]], "headers": headers]]]]
            )
        }
        #expect(count("CAN1128", root, leaf(change)) == 1)
        #expect(count("CAN1128", root, leaf([:])) == 0)
        #expect(count("CAN1128", routes(http: [["delegate": ["name": "leaf"]]]), leaf(change)) == 0)
    }

    @Test func `an exact host shadows the wildcard's routes`() {
        let some: Node = [["match": [["uri": ["prefix": "/a"]]], "directResponse": ["status": 200]]]
        let exact = routes("exact", hosts: ["a.test"], http: some)
        #expect(count("CAN1129", exact, routes("wide", hosts: ["*.test"], http: some)) == 1)
        #expect(count("CAN1129", exact, routes("wide", hosts: ["*.other"], http: some)) == 0)
        #expect(
            count("CAN1129", exact, routes("wide", hosts: ["*.test"], gateways: ["edge"], http: some)) == 0
        )
    }

    @Test(arguments: [
        (
            "/api", "/",
            "put a match with the prefix \"/api/\" before the one with \"/api\", in the route that delegates"
        ),
        ("/api/", "/v2", "write \"/v2/\""),
    ])
    func `a delegate's rewrite fits the prefix of the route that delegates`(
        prefix: String,
        rewrite: String,
        hint: String
    ) {
        func leaf(_ match: Node) -> Resource {
            let route: Node = [
                "match": match, "rewrite": ["uri": .string(rewrite)],
                "route": [["destination": ["host": "web"]]],
            ]
            return object(.virtualService, "leaf", ["spec": ["http": [route]]])
        }
        func root(_ prefixes: String...) -> Resource {
            let blocks = prefixes.map { Node.mapping(["uri": .mapping(["prefix": .string($0)])]) }
            return routes(http: [["match": .sequence(blocks), "delegate": ["name": "leaf"]]])
        }
        let methods: Node = [["method": ["exact": "GET"]]]
        for match in [Node(.null), methods] {
            let found = findings("CAN1126", leaf(match), root(prefix))
            #expect(found.map(\.path.description) == ["spec.http[0].rewrite.uri"])
        }
        #expect(findings("CAN1126", leaf(nil), root(prefix)).map(\.hint) == [hint])
        #expect(count("CAN1126", leaf(nil), root("/api/", "/api")) == (rewrite == "/" ? 0 : 1))
        #expect(count("CAN1126", leaf([["uri": ["exact": "/api/a"]]]), root(prefix)) == 0)
        #expect(count("CAN1126", leaf(nil)) == 0)
    }

    private let jason = "^(.*?;)?(user=jason)(;.*)?$"

    @Test func `the space between cookies matters where there are several`() {
        let one: Node = ["headers": ["Cookie": ["regex": .string(jason)]]]
        func routed(_ others: Node, response: Node = [:]) -> Resource {
            let route: Node = [
                "match": .sequence([one] + others.items), "route": [["destination": ["host": "web"]]],
                "headers": ["response": response],
            ]
            return routes(http: [route])
        }
        #expect(count("CAN1122", routed([])) == 0)
        #expect(count("CAN1122", routed([one])) == 0)
        let other: Node = ["withoutHeaders": ["cookie": ["regex": ".*beta=1.*"]]]
        #expect(count("CAN1122", routed([other])) == 1)
        #expect(count("CAN1122", routed([], response: ["add": ["set-cookie": "sid=1; Path=/"]])) == 1)
        #expect(count("CAN1122", routed([], response: ["add": ["set-cookie": "user=ada; Path=/"]])) == 0)
        func rule(_ cookie: String) -> Resource {
            let policy: Node = ["loadBalancer": ["consistentHash": ["httpCookie": ["name": .string(cookie)]]]]
            return object(.destinationRule, "web", ["spec": ["host": "web", "trafficPolicy": policy]])
        }
        #expect(count("CAN1122", routed([]), rule("sid")) == 1)
        #expect(count("CAN1122", routed([]), rule("user")) == 0)
    }

    @Test func `a path or a header is worth a word where it chooses a version`() {
        let path: Node = ["uri": ["prefix": "/beta"]]
        func routed(_ blocks: [Node], subset: String?, rest: String? = "v1") -> Resource {
            func to(_ subset: String?) -> Node {
                var destination: Node = ["host": "web"]
                destination.set(subset.map { .string($0) }, at: "subset")
                return [["destination": destination]]
            }
            return routes(http: [["match": .sequence(blocks), "route": to(subset)], ["route": to(rest)]])
        }
        for field in ["headers", "withoutHeaders", "queryParams"] {
            var client = Node.mapping([:])
            client.set(["x": ["exact": "1"]], at: field)
            #expect(count("CAN1108", routed([path, client], subset: "v2")) == 1)
            #expect(count("CAN1108", routed([client, path], subset: "v2")) == 1)
            #expect(count("CAN1108", routed([path, client], subset: nil, rest: nil)) == 0)
            #expect(count("CAN1108", routed([path, client], subset: "v1", rest: "v1")) == 0)
            #expect(count("CAN1108", routed([path, path, client], subset: "v2")) == 0)
        }
        #expect(count("CAN1108", routed([path, ["port": 80]], subset: "v2")) == 0)
    }

    @Test func `which VirtualService of a host is used, and for whom`() {
        func claim(_ name: String, _ match: Node) -> Resource {
            routes(name, http: [["match": match, "directResponse": ["status": 200]]])
        }
        func text(_ match: Node) -> String? {
            let all = [claim("a", match), claim("b", nil)]
            return RuleCatalog.checkReferences([all[1]], in: ClusterSnapshot(all), asWarnings: false)
                .first { $0.code.canary == "CAN0810" }?.message
        }
        let start =
            "the host \"web\" is also in VirtualService \"default/a\": \"a\", the oldest, is used inside the mesh"
        #expect(text(nil) == start)
        #expect(text([["uri": ["prefix": "/a"]]]) == start)
        let rest = " for the clients that it has a route for, and for others the next one"
        let some: [Node] = [
            ["sourceLabels": ["app": "x"]], ["sourceNamespace": "x"], ["port": 81], ["gateways": ["edge"]],
        ]
        for block in some { #expect(text([block]) == start + rest) }
    }
}
