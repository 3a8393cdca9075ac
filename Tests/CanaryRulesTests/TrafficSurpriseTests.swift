// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules
import CanaryTestSupport
import Testing

/// The rules about what routes do beside other objects, other than it seems.
struct TrafficSurpriseTests {
    private func service(_ name: String = "web", selector: Node = ["app": "web"]) -> Resource {
        object(.service, name, ["spec": ["selector": selector, "ports": [["name": "http", "port": 80]]]])
    }

    private func deployment(_ version: String, labels: Node = [:]) -> Resource {
        var all: Node = ["app": "web", "version": .string(version)]
        for entry in labels.mapping?.entries ?? [] { all.set(entry.value, at: entry.key) }
        return object(.deployment, "web-\(version)", ["spec": ["template": ["metadata": ["labels": all]]]])
    }

    private func rule(_ subsets: String..., policy: Node = nil) -> Resource {
        let list = subsets.map { name -> Node in
            ["name": .string(name), "labels": ["version": .string(name)]]
        }
        return object(
            .destinationRule,
            "web",
            ["spec": ["host": "web", "trafficPolicy": policy, "subsets": .sequence(list)]]
        )
    }

    private func routes(
        _ name: String = "web",
        hosts: Node = ["web"],
        gateways: Node = nil,
        http: Node
    ) -> Resource {
        object(.virtualService, name, ["spec": ["hosts": hosts, "gateways": gateways, "http": http]])
    }

    private func split(_ first: Int64, _ second: Int64, host: Node = "web") -> Node {
        [
            "route": [
                ["destination": ["host": host, "subset": "v1"], "weight": .integer(first)],
                ["destination": ["host": host, "subset": "v2"], "weight": .integer(second)],
            ]
        ]
    }

    private func findings(_ code: String, _ changed: Resource, _ others: Resource...) -> [Diagnostic] {
        RuleCatalog.checkReferences([changed], in: ClusterSnapshot([changed] + others), asWarnings: false)
            .filter { $0.code.canary == code }
    }

    // MARK: What gets nothing

    @Test func `a destination of weight 0 is told if nothing else sends there`() {
        let canary = routes(http: [split(100, 0)])
        let found = findings("CAN1110", canary, service())
        #expect(found.map(\.path.description) == ["spec.http[0].route[1].weight"])
        #expect(
            found.map(\.message) == [
                "no route sends requests to the subset \"v2\" of \"web\": its weight is 0"
            ]
        )
        #expect(found.map(\.severity) == [.info])
        #expect(findings("CAN1110", routes(http: [split(50, 50)]), service()).isEmpty)
        #expect(findings("CAN1110", routes(http: [split(0, 0)]), service()).isEmpty)
        // Another route, another VirtualService, a mirror, the host as a whole.
        #expect(findings("CAN1110", routes(http: [split(0, 100), split(100, 0)])).isEmpty)
        #expect(findings("CAN1110", canary, routes("other", hosts: ["b"], http: [split(90, 10)])).isEmpty)
        var mirrored = split(100, 0)
        mirrored.set(["host": "web", "subset": "v2"], at: "mirror")
        #expect(findings("CAN1110", routes(http: [mirrored])).isEmpty)
        let whole: Node = ["route": [["destination": ["host": "web"]]]]
        #expect(findings("CAN1110", canary, routes("other", hosts: ["b"], http: [whole])).isEmpty)
    }

    @Test func `a subset that no route names is told where another is named that nobody defines`() {
        // The routes name v1 and v2.
        let found = findings("CAN1111", rule("v1", "v3"), service(), routes(http: [split(100, 0)]))
        #expect(found.map(\.path.description) == ["spec.subsets[1].name"])
        #expect(
            found.map(\.message) == [
                "no route and no mirror names the subset \"v3\" of \"web\"; named are \"v1\", \"v2\""
            ]
        )
        #expect(
            findings("CAN1111", rule("v3", "v1", "v4"), routes(http: [split(100, 0)])).map(\.message) == [
                "no route and no mirror names the subsets \"v3\", \"v4\" of \"web\"; named are \"v1\", \"v2\""
            ]
        )
        let three = rule("v1", "v2", "v3")
        #expect(findings("CAN1111", three, service(), routes(http: [split(100, 0)])).isEmpty)
        #expect(findings("CAN1111", three, service()).isEmpty)
        let whole: Node = ["route": [["destination": ["host": "web"]]]]
        #expect(findings("CAN1111", three, service(), routes(http: [whole])).isEmpty)
    }

    @Test func `a Service selector that pins a version is found`() {
        let pinned = service(selector: ["app": "web", "version": "v1"])
        let found = findings("CAN1112", pinned, routes(http: [split(90, 10)]), deployment("v2"))
        #expect(found.map(\.path.description) == ["spec.selector.version"])
        #expect(
            found.map(\.message) == [
                "the selector's version=v1 leaves out the subset \"v2\" (version=v2): the 10 % of requests that "
                    + "VirtualService \"default/web\" sends there get 503"
            ]
        )
        // A DestinationRule says it itself, with the same way out; nothing is said where nothing is sent.
        let all: [Resource] = [rule("v1", "v2"), pinned, routes(http: [split(90, 10)]), deployment("v2")]
        #expect(findings("CAN1112", pinned, all[0], all[2], all[3]).isEmpty)
        let told = findings("CAN0814", all[0], all[1], all[2], all[3])
        #expect(
            told.last?.hint == "remove \"version\" from the selector of Service \"web\": "
                + "the subset chooses the version"
        )
        #expect(findings("CAN1112", pinned, routes(http: [split(100, 0)])).isEmpty)
        #expect(findings("CAN1112", service(), routes(http: [split(90, 10)])).isEmpty)
        // What is mirrored gets no 503.
        var mirrored = split(100, 0)
        mirrored.set(["host": "web", "subset": "v2"], at: "mirror")
        #expect(findings("CAN1112", pinned, routes(http: [mirrored])).isEmpty)
    }

    @Test func `a Service selector with a label that one version lacks is found`() {
        let pinned = service(selector: ["app": "web", "track": "stable"])
        let canary = deployment("v2", labels: ["track": "canary"])
        let stable = deployment("v1", labels: ["track": "stable"])
        let found = findings(
            "CAN1112",
            pinned,
            routes(http: [split(90, 10)]),
            canary,
            stable
        )
        #expect(found.map(\.path.description) == ["spec.selector.track"])
        let fitting = deployment("v2", labels: ["track": "stable"])
        #expect(findings("CAN1112", pinned, routes(http: [split(90, 10)]), fitting, stable).isEmpty)
        // Another application's v2 says nothing about this one.
        let other = deployment("v2", labels: ["app": "other", "track": "stable"])
        #expect(findings("CAN1112", pinned, routes(http: [split(90, 10)]), other, stable).isEmpty)
    }

    // MARK: What clients call

    @Test func `a split that calls to the Service bypass is found`() {
        let front = routes(hosts: ["front"], http: [split(90, 10)])
        let found = findings("CAN1113", front, service(), service("front"))
        #expect(found.map(\.path.description) == ["spec.http[0].route[0].destination.host"])
        #expect(found.map(\.severity) == [.warning])
        // Hosted here or elsewhere, by a wildcard; for Gateways only; no split; hosts that nobody knows.
        #expect(
            findings("CAN1113", routes(hosts: ["front", "web"], http: [split(90, 10)]), service()).isEmpty
        )
        #expect(
            findings("CAN1113", front, service(), service("front"), routes("b", http: [split(50, 50)]))
                .isEmpty
        )
        let all = routes("b", hosts: ["*.default.svc.cluster.local"], http: [split(50, 50)])
        #expect(findings("CAN1113", front, service(), service("front"), all).isEmpty)
        let gateway = routes(hosts: ["front"], gateways: ["edge"], http: [split(90, 10)])
        #expect(findings("CAN1113", gateway, service(), service("front")).isEmpty)
        let moved = routes(hosts: ["front"], http: [split(100, 0)])
        #expect(findings("CAN1113", moved, service(), service("front")).isEmpty)
        #expect(findings("CAN1113", front, service()).isEmpty)
    }

    static let answer: Node = ["directResponse": ["status": 200]]

    static func route(_ blocks: Node...) -> Node {
        ["match": .sequence(blocks), "directResponse": ["status": 200]]
    }

    static let header: Node = ["headers": ["user": ["exact": "ada"]]]

    static let openings: [(http: Node, gateways: Node, level: Severity?)] = [
        ([answer], nil, nil),
        ([route(header)], nil, .warning),
        ([route(header), answer], nil, nil),
        ([route(header), route(["uri": ["prefix": "/"]])], nil, nil),
        ([route(header), route(["uri": ["prefix": "/"], "method": ["exact": "GET"]])], nil, .info),
        ([route(["uri": ["exact": "/a"]]), route(["uri": ["prefix": "/b"]])], nil, .info),
        ([route(["uri": ["exact": "/a"]]), route(["uri": ["prefix": "/b"]])], ["edge"], nil),
        ([route(["uri": ["exact": "/a"]])], ["edge", "mesh"], .info),
        ([route(header)], ["edge"], .warning),
        ([route(header), route(["withoutHeaders": ["User": ["exact": "ada"]]])], nil, nil),
        ([route(header), route(["withoutHeaders": ["User": ["exact": "eve"]]])], nil, .warning),
        ([route(["port": 80]), route(["port": 81])], nil, nil),
        ([route(["gateways": ["mesh"]]), route(["gateways": ["default/edge"]])], ["mesh", "edge"], nil),
        ([route(["gateways": ["mesh"]])], ["mesh", "edge"], .warning),
        // Clients without a route are those of the Service, whichever way.
        ([route(["sourceLabels": ["app": "a"]])], nil, nil),
        ([route(["sourceNamespace": "a"])], nil, nil),
        ([route(["port": 9999])], nil, nil),
        ([route(["sourceLabels": ["app": "a"], "uri": ["prefix": "/a"]])], nil, .info),
        (
            [
                route(["sourceLabels": ["app": "a", "v": "1"], "uri": ["prefix": "/a"]]),
                route(["sourceLabels": ["app": "a"]]),
            ], nil, nil
        ),
        (
            [
                route(["sourceLabels": ["app": "a"], "uri": ["prefix": "/a"]]),
                route(["sourceLabels": ["app": "b"]]),
            ], nil, .info
        ),
        ([route(header), route(["sourceLabels": ["app": "a"]])], nil, .warning),
    ]

    @Test(arguments: openings)
    func `requests that no route takes are told`(http: Node, gateways: Node, level: Severity?) {
        let found = findings("CAN1114", routes(gateways: gateways, http: http), service())
        #expect(found.map(\.severity) == [level].compactMap(\.self))
    }

    @Test func `clients without a route get 404 where there is no Service`() {
        let selective = routes(http: [Self.route(["sourceLabels": ["app": "a"]])])
        #expect(findings("CAN1114", selective).map(\.severity) == [.warning])
    }

    @Test func `what delegates and neighbours take counts`() {
        let root = routes(http: [["match": [["uri": ["prefix": "/"]]], "delegate": ["name": "leaf"]]])
        #expect(findings("CAN1114", root).isEmpty)
        let leaf = object(.virtualService, "leaf", ["spec": ["http": [Self.route(Self.header)]]])
        #expect(findings("CAN1114", root, leaf).count == 1)
        #expect(findings("CAN1114", leaf, root).isEmpty)
        let whole = object(.virtualService, "leaf", ["spec": ["http": [Self.answer]]])
        #expect(findings("CAN1114", root, whole).isEmpty)

        let hosts: Node = ["a.example.com"]
        let part = routes(hosts: hosts, gateways: ["edge"], http: [Self.route(Self.header)])
        #expect(findings("CAN1114", part).count == 1)
        let rest = routes("rest", hosts: hosts, gateways: ["default/edge"], http: [Self.answer])
        #expect(findings("CAN1114", part, rest).isEmpty)
    }

    @Test func `a route for each host of a gateway takes every request`() {
        let http: Node = [
            Self.route(["authority": ["exact": "a.example.com"]]),
            Self.route(["authority": ["exact": "b.example.com"]]),
        ]
        func count(_ hosts: Node, _ gateways: Node) -> Int {
            findings("CAN1114", routes(hosts: hosts, gateways: gateways, http: http)).count
        }
        #expect(count(["a.example.com", "b.example.com"], ["edge"]) == 0)
        #expect(count(["a.example.com", "c.example.com"], ["edge"]) == 1)
        #expect(count(["*.example.com", "a.example.com"], ["edge"]) == 1)
        #expect(count(["a.example.com", "b.example.com"], ["edge", "mesh"]) == 1)
    }

    // MARK: Sticky traffic

    @Test func `a sticky split is a warning for Istio`() throws {
        let policy: Node = ["loadBalancer": ["consistentHash": ["httpHeaderName": "x-user"]]]
        let sticky = rule("v1", "v2", policy: policy)
        let found = try #require(findings("CAN1115", routes(http: [split(90, 10)]), service(), sticky).first)
        #expect(found.severity == .info)
        #expect(found.ratedForIstio.severity == .warning)
        #expect(!found.isRefusedByIstio)
        #expect(findings("CAN1115", routes(http: [split(100, 0)]), service(), sticky).isEmpty)
        #expect(findings("CAN1115", routes(http: [split(90, 10)]), service(), rule("v1", "v2")).isEmpty)
    }
}
