// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryResources
@testable import CanaryRules

struct WeightPlanTests {
    private func planner(_ objects: [Resource]) -> WeightPlanner {
        WeightPlanner(ClusterSnapshot(objects), host: Helloworld.host, namespace: "default")
    }

    private func one(_ version: String, _ text: String) throws -> WeightRequest {
        .one(version, try #require(Percentage(text)))
    }

    private func shares(_ shares: [WeightPlan.Share]) -> [String] {
        shares.map { "\($0.version)=\($0.weight)" }
    }

    private let split = Helloworld.routes([
        [
            "name": "beta", "match": [["headers": ["x": ["exact": "1"]]]],
            "route": Helloworld.split(["v2": 100]),
        ],
        ["timeout": "5s", "route": Helloworld.split(["v1": 90, "v2": 10])],
    ])

    @Test func `weights change in place and nothing else does`() throws {
        let plan = try planner(Helloworld.backends + [split]).plan(one("v2", "25"))
        #expect(shares(plan.before) == ["v1=90", "v2=10"])
        #expect(shares(plan.after) == ["v1=75", "v2=25"])
        #expect(!plan.isUnchanged && !plan.isNew && plan.routeIndex == 1)
        var expected = split.body
        var routes = expected["spec"]?["http"]?.items ?? []
        routes[1].set(Helloworld.split(["v1": 75, "v2": 25]), at: "route")
        expected.set(.sequence(routes), at: "spec", "http")
        #expect(plan.body == expected)
    }

    @Test(arguments: [
        ("*.example.com", "wildcard.example.com"), ("*", "wildcard"), ("a_b.example.com", "a-b.example.com"),
        ("_.-x-.com", "x.com"), ("::1", "1"), ("*-.", "wildcard"), ("...", "host"),
        ("API.example.com", "api.example.com"),
        (String(repeating: "a.", count: 200), String(repeating: "a.", count: 114) + "a"),
    ])
    func `a new VirtualService gets a name that Kubernetes takes`(host: String, name: String) {
        #expect(KubernetesName.subdomain(like: host) == name)
        #expect(KubernetesName.isSubdomain(name + "-split-99"))
    }

    @Test func `the same split is no change`() throws {
        let plan = try planner(Helloworld.backends + [split]).plan(one("v2", "10"))
        #expect(plan.isUnchanged)
        #expect(plan.body == split.body)
    }

    @Test func `a version that the route lacks is added beside its sibling`() throws {
        let objects = Helloworld.backends + [Helloworld.routes([["route": Helloworld.split(["v1": 0])]])]
        let plan = try planner(objects).plan(one("v2", "5"))
        #expect(shares(plan.after) == ["v1=95", "v2=5"])
        let added = plan.body["spec"]?["http"]?.items[0]["route"]?.items[1]
        #expect(added == ["destination": ["host": "helloworld", "subset": "v2"], "weight": 5])
    }

    @Test func `versions are found by subset, by label, then by host`() throws {
        let rule = object(
            .destinationRule,
            "helloworld",
            [
                "spec": [
                    "host": "helloworld",
                    "subsets": [
                        ["name": "stable", "labels": ["version": "v1"]],
                        ["name": "canary", "labels": ["version": "v2"]],
                    ],
                ]
            ]
        )
        let routes = Helloworld.routes([["route": Helloworld.split(["stable": 90, "canary": 10])]])
        let byLabel = try planner(Helloworld.backends + [rule, routes]).plan(one("v2", "50"))
        #expect(shares(byLabel.after) == ["stable=50", "canary=50"])
        let hosts = Helloworld.routes([
            [
                "route": [
                    ["destination": ["host": "helloworld-v1"], "weight": 1],
                    ["destination": ["host": "helloworld-v2"], "weight": 3],
                ]
            ]
        ])
        let byHost = try planner(
            Helloworld.backends + [
                hosts, Helloworld.service("helloworld-v1"), Helloworld.service("helloworld-v2"),
            ]
        ).plan(one("helloworld-v2", "0"))
        #expect(shares(byHost.after) == ["helloworld-v1.default=100", "helloworld-v2.default=0"])
    }

    @Test func `several versions at once leave nothing to the others`() throws {
        let routes = Helloworld.routes([["route": Helloworld.split(["v1": 50, "v2": 30, "v3": 20])]])
        let request = WeightRequest.all([
            "v1": try #require(Percentage("99.5")), "v2": try #require(Percentage("0.5")),
        ])
        let plan = try planner(Helloworld.backends + [routes]).plan(request)
        #expect(shares(plan.after) == ["v1=995", "v2=5", "v3=0"])
    }

    @Test func `impossible changes say why`() throws {
        let objects = Helloworld.backends + [split]
        #expect(throws: WeightPlanError.unknownVersion("v9", known: ["v1", "v2"])) {
            try planner(objects).plan(one("v9", "5"))
        }
        #expect(throws: WeightPlanError.onlyDestination("v2")) {
            try planner(objects).plan(one("v2", "5"), route: "beta")
        }
        #expect(throws: WeightPlanError.unknownRoute("7", known: ["beta", "1"])) {
            try planner(objects).plan(one("v2", "5"), route: "7")
        }
        #expect(throws: WeightPlanError.wrongSum(500_000)) {
            try planner(objects).plan(.all(["v1": try #require(Percentage("50"))]))
        }
        #expect(throws: WeightPlanError.unknownHost(Helloworld.host)) { try planner([]).plan(one("v2", "5")) }
        let only = Helloworld.routes([["match": [["port": 80]], "route": Helloworld.split(["v1": 1])]])
        #expect(throws: WeightPlanError.noCatchAll(known: ["0"])) { try planner([only]).plan(one("v1", "5")) }
        let answer = Helloworld.routes([["directResponse": ["status": 200]]])
        #expect(throws: WeightPlanError.notForwarding("0")) { try planner([answer]).plan(one("v1", "5")) }
    }

    @Test func `a lone destination accepts everything`() throws {
        let plan = try planner(Helloworld.backends + [split]).plan(one("v2", "100"), route: "0")
        #expect(plan.isUnchanged)
    }

    @Test func `a delegate is edited where the route is`() throws {
        let root = Helloworld.routes([["delegate": ["name": "leaf"]]])
        let leaf = object(
            .virtualService,
            "leaf",
            ["spec": ["http": [["route": Helloworld.split(["v1": 9, "v2": 1])]]]]
        )
        let plan = try planner(Helloworld.backends + [root, leaf]).plan(one("v2", "50"))
        #expect(plan.key == leaf.key)
        #expect(shares(plan.after) == ["v1=50", "v2=50"])
    }

    @Test func `a host without VirtualService gets one, spread by ready endpoints, else by replicas`() throws
    {
        let ready = try planner(
            Helloworld.backends + [Helloworld.entry("v3", port: 9083), Helloworld.entry("v3", port: 9084)]
        )
        .plan(one("v2", "10"))
        #expect(ready.isNew)
        #expect(ready.key == ResourceKey(.virtualService, namespace: "default", name: "helloworld"))
        #expect(shares(ready.before) == ["v1=1", "v2=1", "v3=2"])
        #expect(shares(ready.after) == ["v1=30", "v2=10", "v3=60"])
        #expect(ready.body["spec"]?["hosts"] == ["helloworld"])
        let declared = try planner([
            Helloworld.service(), Helloworld.deployment("v1", replicas: 3), Helloworld.deployment("v2"),
            Helloworld.deployment("v3"),
        ]).plan(one("v2", "20"))
        #expect(shares(declared.after) == ["v1=60", "v2=20", "v3=20"])
        #expect(throws: WeightPlanError.onlyDestination("v1")) {
            try planner([Helloworld.service(), Helloworld.deployment("v1")]).plan(one("v1", "20"))
        }
    }
}
