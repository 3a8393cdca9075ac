// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRules

/// What is accepted, and does something else than it seems to (CAN1123 to CAN1130): each rule with what it finds and its
/// neighbours that are right.
struct TrippingRuleTests {
    private func routes(
        _ name: String = "web",
        hosts: Node = ["web"],
        gateways: Node = ["mesh"],
        http: Node
    ) -> Resource {
        object(.virtualService, name, ["spec": ["hosts": hosts, "gateways": gateways, "http": http]])
    }

    private func matching(_ block: Node, rewrite: String? = nil) -> Resource {
        var route: Node = ["match": [block], "route": [["destination": ["host": "web"]]]]
        if let rewrite { route.set(["uri": .string(rewrite)], at: "rewrite") }
        return routes(http: [route])
    }

    private func count(_ code: String, _ changed: Resource, _ others: Resource...) -> Int {
        let own = RuleCatalog.checkObject(changed)
        let all =
            own
            + RuleCatalog.checkReferences(
                [changed],
                in: ClusterSnapshot([changed] + others),
                asWarnings: false
            )
        return all.count { $0.code.canary == code }
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
        ("tcp-web", 80, 1), ("mysql", 80, 1), ("https", 443, 1), ("tls-x", 80, 1), ("http", 80, 0),
        ("web", 80, 0),
        ("grpc-web", 80, 0), ("web", 3306, 1),
    ])
    func `HTTP routes on a port for TCP`(name: String, port: Int64, expected: Int) {
        let ports: Node = [["name": .string(name), "port": .integer(port)]]
        let service = object(.service, "web", ["spec": ["ports": ports]])
        #expect(count("CAN1130", matching(["uri": ["prefix": "/"]]), service) == expected)
    }
}
