// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryTestSupport
import Testing

/// What a rollout is asked to do, by its manifest.
struct RolloutManifestTests {
    private func spec(_ node: Node) throws -> RolloutSpec {
        try #require(object(.rollout, "helloworld", ["spec": node]).rollout)
    }

    @Test func `what a manifest leaves out is the plan's own, and real versions have time to warm up`() throws
    {
        let plan = RolloutPlan(try spec(["host": "helloworld", "canary": "v2"]), stable: "v1")
        var expected = RolloutPlan(stable: "v1", canary: "v2")
        expected.warmUp = .seconds(30)
        #expect(plan == expected)
    }

    @Test func `steps are shares, copies, and what matches`() throws {
        let match: Node = [["headers": ["x-tester": ["exact": "yes"]]], ["method": ["exact": "PUT"]]]
        let spec = try spec([
            "host": "helloworld", "canary": "v2",
            "steps": [
                ["mirror": "10%", "hold": "5m"], ["match": match, "pause": true], 0.1, "5%",
                ["weight": 50, "hold": "0s"],
            ],
        ])
        let name = "headers.x-tester.exact=yes or method.exact=PUT"
        let steps = RolloutPlan(spec, stable: "v1").steps
        #expect(
            steps == [
                .init(.mirror(Share(percent: 10)), hold: .seconds(300)),
                .init(.focus(name), waitsForResume: true),
                .init(.split(Share(millionths: 1000))), .init(.split(Share(percent: 5))),
                .init(.split(.half), hold: .zero),
            ]
        )
        #expect(spec.matchBlocks(named: name) == match.items)
        #expect(spec.matchBlocks(named: "") == nil)
    }

    @Test func `rules, deadlines and what happens when are taken over`() throws {
        let spec = try spec([
            "host": "helloworld", "canary": "v2", "ramp": "fixed", "hold": "2m", "stepDeadline": "1h",
            "analysis": [
                "alpha": 0.05, "errors": ["tolerance": 1.5, "floor": 0],
                "latency": ["quantiles": ["p99", "p50"], "slowdown": 2, "floor": "20ms", "warmUp": "30s"],
                "limits": ["errors": 1, "latency": "800ms"],
                "metrics": [["name": "smoke", "command": ["true"], "onFailure": "abort"]],
            ],
            "onAbort": "freeze", "afterPromotion": ["watch": "1h", "takeBack": false],
            "onControllerLost": ["after": "5m", "traffic": "stable"], "group": "checkout",
        ])
        let plan = RolloutPlan(spec, stable: "v1", isSticky: true)
        var expected = RolloutPlan(stable: "v1", canary: "v2")
        expected.ramp = .fixed
        expected.hold = .seconds(120)
        expected.stepDeadline = .seconds(3600)
        expected.rules.alpha = 0.05
        expected.rules.errorTolerance = 1.5
        expected.rules.errorFloor = nil
        expected.rules.quantiles = [.p50, .p99]
        expected.rules.slowdown = 2
        expected.rules.latencyFloor = 20
        expected.rules.errorLimit = Share(percent: 1)
        expected.rules.latencyLimit = 800
        expected.rules.unit = .users
        expected.warmUp = .seconds(30)
        expected.gates = [.init("smoke", abortsOnFailure: true)]
        expected.onAbort = .freeze
        expected.watch = .seconds(3600)
        expected.takesBackAfterPromotion = false
        expected.onControllerLost = ControllerLoss(after: .seconds(300), fallsBack: true)
        expected.group = "checkout"
        #expect(plan == expected)
    }

    @Test func `what is not compared is no metric`() throws {
        let spec = try spec([
            "host": "helloworld", "canary": "v2",
            "analysis": ["errors": ["enabled": false], "latency": ["enabled": false]],
        ])
        #expect(RolloutPlan(spec, stable: "v1").rules.metrics == [.answers])
    }
}
