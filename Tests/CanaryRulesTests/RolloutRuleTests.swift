// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules
import CanaryTestSupport
import Testing

/// What is wrong with Rollouts because of other objects.
struct RolloutRuleTests {
    private let service = object(
        .service,
        "helloworld",
        ["spec": ["selector": ["app": "helloworld"], "ports": [["name": "http", "port": 5000]]]]
    )

    private var versions: [Resource] {
        ["v1", "v2"].map { version in
            object(
                .deployment,
                "helloworld-\(version)",
                [
                    "spec": [
                        "template": [
                            "metadata": ["labels": ["app": "helloworld", "version": .string(version)]]
                        ]
                    ]
                ]
            )
        }
    }

    private func rollout(_ name: String = "helloworld", _ spec: KeyValuePairs<String, Node> = [:]) -> Resource
    {
        var node: Node = ["host": "helloworld", "canary": "v2"]
        for (key, value) in spec { node.set(value, at: key) }
        return object(.rollout, name, ["spec": node])
    }

    private func split(_ weights: KeyValuePairs<String, Int64>) -> Node {
        .sequence(
            weights.map { version, weight in
                [
                    "destination": ["host": "helloworld", "subset": .string(version)],
                    "weight": .integer(weight),
                ]
            }
        )
    }

    private func virtualService(_ routes: Node...) -> Resource {
        object(
            .virtualService,
            "helloworld",
            ["spec": ["hosts": ["helloworld"], "http": .sequence(routes)]]
        )
    }

    private func check(_ rollout: Resource, _ others: [Resource]) -> [String] {
        let found = RuleCatalog.checkReferences(
            [rollout],
            in: ClusterSnapshot([rollout, service] + versions + others),
            asWarnings: false,
            home: "default"
        )
        #expect(found.allSatisfy { $0.hint?.isEmpty == false })
        return found.summary
    }

    @Test func `an ordinary one is fine, with and without VirtualService`() {
        #expect(check(rollout(), []) == [])
        #expect(check(rollout(), [virtualService(["route": split(["v1": 90, "v2": 10])])]) == [])
        // A version may be known by its Deployment alone, and one without weight stay.
        #expect(check(rollout(), [virtualService(["route": split(["v1": 100, "v0": 0])])]) == [])
    }

    @Test func `host and versions are known`() {
        #expect(check(rollout("a", ["host": "hellowrold"]), []) == ["CAN1211 spec.host"])
        #expect(check(rollout("a", ["canary": "v3"]), []) == ["CAN1212 spec.canary"])
        #expect(check(rollout("a", ["stable": "v0"]), []) == ["CAN1212 spec.stable"])
    }

    @Test func `the route is there, and can be split`() {
        let focused: Node = ["name": "testers", "match": [["method": ["exact": "PUT"]]]]
        var testers = focused
        testers.set(split(["v2": 100]), at: "route")
        var moved = focused
        moved.set(["uri": "/"], at: "redirect")
        #expect(check(rollout(), [virtualService(testers)]) == ["CAN1213 spec.host"])
        #expect(check(rollout("a", ["route": "testers"]), [virtualService(moved)]) == ["CAN1213 spec.route"])
        #expect(check(rollout("a", ["route": "tester"]), [virtualService(testers)]) == ["CAN1213 spec.route"])
        #expect(check(rollout("a", ["route": 1]), [virtualService(testers)]) == ["CAN1213 spec.route"])
        let both = virtualService(testers, ["route": split(["v1": 100])])
        for route: Node in [1, "1"] { #expect(check(rollout("a", ["route": route]), [both]) == []) }
    }

    @Test func `no third version takes part`() {
        let three = virtualService(["route": split(["v1": 80, "v0": 10, "v2": 10])])
        #expect(check(rollout(), [three]) == ["CAN1214 spec.host"])
        #expect(check(rollout("a", ["stable": "v1"]), [three]) == ["CAN1214 spec.host"])
        // The route has one version and the Rollout two others.
        let old = virtualService(["route": split(["v0": 100])])
        #expect(check(rollout("a", ["stable": "v1"]), [old]) == ["CAN1214 spec.host"])
    }

    @Test func `a canary that has most of the traffic is no canary`() {
        let promoted = virtualService(["route": split(["v1": 10, "v2": 90])])
        #expect(check(rollout(), [promoted]) == ["CAN1215 spec.canary"])
        #expect(check(rollout("a", ["stable": "v1"]), [promoted]) == [])
    }

    @Test func `a route has one Rollout`() {
        let routes = virtualService(
            ["name": "put", "match": [["method": ["exact": "PUT"]]], "route": split(["v1": 100])],
            ["route": split(["v1": 100])]
        )
        #expect(check(rollout("a"), [routes, rollout("b")]) == ["CAN1216 spec.host"])
        #expect(check(rollout("a"), [rollout("b")]) == ["CAN1216 spec.host"])
        #expect(check(rollout("a", ["route": 1]), [routes, rollout("b")]) == ["CAN1216 spec.route"])
        #expect(check(rollout("a", ["route": "put"]), [routes, rollout("b")]) == [])
        #expect(check(rollout("a"), [rollout("b", ["host": "other"])]) == [])
    }

    @Test func `templates are there, and get what they need`() {
        let template = object(
            .analysisTemplate,
            "errors",
            [
                "spec": [
                    "args": [["name": "limit", "value": "1"], ["name": "window"]],
                    "metrics": [["name": "errors", "command": ["./errors", "{{args.window}}"]]],
                ]
            ]
        )
        func use(_ name: String, _ arguments: Node, metrics: Node = []) -> Resource {
            rollout(
                "a",
                [
                    "analysis": [
                        "templates": [["name": .string(name), "args": arguments]], "metrics": metrics,
                    ]
                ]
            )
        }
        let window: Node = [["name": "window", "value": "1m"]]
        let place = "CAN1220 spec.analysis.templates[0]"
        #expect(check(use("errors", window), [template]) == [])
        #expect(check(use("error", window), [template]) == ["\(place).name"])
        #expect(check(use("errors", [["name": "limit", "value": "2"]]), [template]) == ["\(place).args"])
        #expect(
            check(use("errors", [["name": "windows", "value": "2"]]), [template]).sorted() == [
                "\(place).args", "\(place).args[0].name",
            ]
        )
        #expect(
            check(use("errors", window, metrics: [["name": "errors", "command": ["x"]]]), [template]) == [
                "\(place).name"
            ]
        )
    }

    @Test func `a group has members that take as many steps`() {
        let other = rollout("b", ["host": "other", "group": "g"])
        #expect(check(rollout("a", ["group": "g"]), []) == ["CAN1217 spec.group"])
        #expect(check(rollout("a", ["group": "g"]), [other]) == [])
        #expect(check(rollout("a", ["group": "g", "steps": [5, 100]]), [other]) == ["CAN1217 spec.steps"])
    }
}
