// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryReplicas

/// Kubernetes' published expectations for `behavior`: names and numbers of `horizontal_test.go`.
@Suite struct ScalingRulesTests {
    static let now = TimePoint(milliseconds: 100_000_000)

    /// A case of `TestScalingWithRules`. A policy of nothing is none, and rules without policies are the usual ones.
    struct RateCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bounds = (1, 1000)
        var up: ScalingRules?
        var down: ScalingRules?
        var growths: [Int] = []
        var reductions: [Int] = []
        var current: Int
        var desired: Int
        var expected: Int
        var reason: AutoscalerCondition.Reason
    }

    private static func rules(_ pods: Int, _ podsPeriod: Int, _ percent: Int, _ percentPeriod: Int)
        -> ScalingRules
    {
        var policies: [ScalingRules.Policy] = []
        if pods > 0 { policies.append(.init(.pods(pods), per: .seconds(podsPeriod))) }
        if percent > 0 { policies.append(.init(.percent(percent), per: .seconds(percentPeriod))) }
        return ScalingRules(stabilizationWindow: .zero, policies: policies)
    }

    /// As `generateEventsUniformDistribution`: the last one is as old as its share of the time.
    private static func events(_ counts: [Int], _ seconds: Int) -> [ScaleHistory.Entry] {
        counts.enumerated().map { index, count in
            let age = Double(seconds) * (1 - (0.5 + Double(index)) / Double(counts.count))
            return .init(replicas: count, time: now - .milliseconds(Int(age * 1000)))
        }
    }

    static let rateCases: [RateCase] = [
        .init(
            testDescription: "scaleUp with pods policy larger than percent policy",
            up: rules(100, 60, 100, 60),
            current: 10,
            desired: 500,
            expected: 110,
            reason: .scaleUpLimit
        ),
        .init(
            testDescription: "scaleUp with percent policy larger than pods policy",
            up: rules(2, 60, 100, 60),
            current: 10,
            desired: 500,
            expected: 20,
            reason: .scaleUpLimit
        ),
        .init(
            testDescription: "scaleUp with spec MaxReplicas limitation with large pod policy",
            up: rules(100, 60, 0, 0),
            current: 10,
            desired: 50,
            expected: 50,
            reason: .desiredWithinRange
        ),
        .init(
            testDescription: "scaleUp with percent policy limitation",
            up: rules(0, 0, 200, 60),
            current: 10,
            desired: 50,
            expected: 30,
            reason: .scaleUpLimit
        ),
        .init(
            testDescription: "scaleDown with percent policy larger than pod policy",
            down: rules(20, 60, 1, 60),
            current: 100,
            desired: 2,
            expected: 80,
            reason: .scaleDownLimit
        ),
        .init(
            testDescription: "scaleDown with pod policy larger than percent policy",
            down: rules(2, 60, 1, 60),
            current: 100,
            desired: 2,
            expected: 98,
            reason: .scaleDownLimit
        ),
        .init(
            testDescription: "scaleDown with spec MinReplicas limitation with large percent policy",
            bounds: (5, 1000),
            down: rules(0, 0, 100, 60),
            current: 10,
            desired: 2,
            expected: 5,
            reason: .tooFewReplicas
        ),
        .init(
            testDescription: "scaleDown with percent policy limitation",
            down: rules(0, 0, 50, 60),
            current: 10,
            desired: 5,
            expected: 5,
            reason: .desiredWithinRange
        ),
        .init(
            testDescription: "scaleUp with spec MaxReplicas limitation with large pod policy and events",
            bounds: (1, 200),
            up: rules(300, 60, 0, 0),
            growths: [1, 5, 9],
            current: 100,
            desired: 500,
            expected: 200,
            reason: .tooManyReplicas
        ),
        .init(
            testDescription: "scaleUp with currentReplicas limitation with a lot of recent scale up events",
            up: rules(5, 120, 0, 0),
            growths: [1, 5, 9],
            current: 100,
            desired: 500,
            expected: 100,
            reason: .scaleUpLimit
        ),
        .init(
            testDescription: "scaleUp with pod policy and previous scale up events",
            up: rules(150, 120, 0, 0),
            growths: [1, 5, 9],
            current: 100,
            desired: 500,
            expected: 235,
            reason: .scaleUpLimit
        ),
        .init(
            testDescription: "scaleUp with percent policy and previous scale up events",
            up: rules(0, 0, 200, 120),
            growths: [1, 5, 9],
            current: 100,
            desired: 500,
            expected: 255,
            reason: .scaleUpLimit
        ),
        .init(
            testDescription: "scaleUp with percent policy and previous scale up and down events",
            up: rules(0, 0, 300, 300),
            growths: [4],
            reductions: [2],
            current: 6,
            desired: 24,
            expected: 16,
            reason: .scaleUpLimit
        ),
        .init(
            testDescription: "scaleDown with default policy and previous events",
            reductions: [1, 5, 9],
            current: 10,
            desired: 5,
            expected: 5,
            reason: .desiredWithinRange
        ),
        .init(
            testDescription: "scaleDown with pod policy limitation and previous events",
            down: rules(5, 120, 0, 0),
            reductions: [1, 5, 9],
            current: 100,
            desired: 2,
            expected: 100,
            reason: .scaleDownLimit
        ),
        .init(
            testDescription: "scaleDown with percent policy limitation and previous events",
            down: rules(0, 0, 50, 120),
            reductions: [2, 4, 6],
            current: 100,
            desired: 0,
            expected: 56,
            reason: .scaleDownLimit
        ),
        .init(
            testDescription: "scaleDown with percent policy and previous scale up and down events",
            down: rules(0, 0, 50, 180),
            growths: [2],
            reductions: [4],
            current: 10,
            desired: 1,
            expected: 6,
            reason: .scaleDownLimit
        ),
        .init(
            testDescription: "scaleDown with previous events preventing further scale down",
            down: rules(0, 0, 10, 120),
            reductions: [10, 10, 10],
            current: 100,
            desired: 0,
            expected: 100,
            reason: .scaleDownLimit
        ),
        .init(
            testDescription: "scaleDown with previous events still allowing more scale down",
            down: rules(0, 0, 1000, 120),
            reductions: [10, 10, 10],
            current: 10,
            desired: 5,
            expected: 5,
            reason: .desiredWithinRange
        ),
    ]

    @Test(arguments: rateCases)
    func `policies limit as in Kubernetes`(_ example: RateCase) {
        let spec = AutoscalerSpec(minReplicas: example.bounds.0, maxReplicas: example.bounds.1)
        let behavior = AutoscalerSpec.Behavior(
            scaleUp: example.up ?? .usualUp,
            scaleDown: example.down ?? .usualDown
        )
        let history = ScaleHistory(
            growths: Self.events(example.growths, 120),
            reductions: Self.events(example.reductions, 120)
        )
        let limit = ScalingLimit(
            example.desired,
            current: example.current,
            spec,
            behavior,
            history,
            at: Self.now
        )
        #expect(limit.replicas == example.expected)
        #expect(limit.reason == example.reason)
    }

    @Test func `the least change wins where the manifest says Min, and none where it says Disabled`() {
        var rules = Self.rules(4, 15, 100, 15)
        let history = ScaleHistory()
        #expect(history.mostReplicas(from: 10, rules, at: Self.now) == 20)
        #expect(history.fewestReplicas(from: 10, rules, at: Self.now) == 0)
        rules.selection = .min
        #expect(history.mostReplicas(from: 10, rules, at: Self.now) == 14)
        #expect(history.fewestReplicas(from: 10, rules, at: Self.now) == 6)
        rules.selection = .disabled
        #expect(history.mostReplicas(from: 10, rules, at: Self.now) == 10)
        #expect(history.fewestReplicas(from: 10, rules, at: Self.now) == 10)
    }

    /// `TestConvertDesiredReplicasWithRules`: what autoscalers without `behavior` may do at once.
    @Test func `without behavior there is a limit to twice the replicas, or four`() {
        let spec = AutoscalerSpec(minReplicas: 2, maxReplicas: 100)
        #expect(ScalingLimit(1, current: 2, spec).reason == .tooFewReplicas)
        #expect(ScalingLimit(20, current: 1, spec) == ScalingLimit(4, .scaleUpLimit))
        #expect(ScalingLimit(20, current: 8, spec) == ScalingLimit(16, .scaleUpLimit))
        #expect(ScalingLimit(300, current: 90, spec) == ScalingLimit(100, .tooManyReplicas))
        #expect(ScalingLimit(9, current: 8, spec) == ScalingLimit(9, .desiredWithinRange))
    }

    /// A case of `TestNormalizeDesiredReplicasWithBehavior`: recommendations with their ages in minutes.
    struct WindowCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var past: [(Int, Int)]
        var current: Int
        var desired: Int
        var expected: Int
        var up = 0
        var down = 0
    }

    static let windowCases: [WindowCase] = [
        .init(
            testDescription: "empty recommendations for scaling down",
            past: [],
            current: 100,
            desired: 5,
            expected: 5
        ),
        .init(
            testDescription: "simple scale down stabilization",
            past: [(4, 2), (5, 1)],
            current: 100,
            desired: 3,
            expected: 5,
            down: 180
        ),
        .init(
            testDescription: "simple scale up stabilization",
            past: [(4, 2), (5, 1)],
            current: 1,
            desired: 7,
            expected: 4,
            up: 300
        ),
        .init(
            testDescription: "no scale down stabilization",
            past: [(1, 2), (2, 1)],
            current: 100,
            desired: 3,
            expected: 3,
            up: 300
        ),
        .init(
            testDescription: "no scale up stabilization",
            past: [(4, 2), (5, 1)],
            current: 1,
            desired: 3,
            expected: 3,
            down: 300
        ),
        .init(
            testDescription: "scale down stabilization, reuse one of obsolete recommendation element",
            past: [(10, 10), (4, 1), (5, 2), (9, 9)],
            current: 100,
            desired: 3,
            expected: 5,
            down: 180
        ),
        .init(
            testDescription: "scale up stabilization, reuse one of obsolete recommendation element",
            past: [(10, 100), (6, 1), (5, 2), (9, 3)],
            current: 1,
            desired: 100,
            expected: 5,
            up: 300
        ),
        .init(
            testDescription:
                "scale up and down stabilization, do not scale up when prenormalized rec goes down",
            past: [(2, 100), (3, 3)],
            current: 2,
            desired: 1,
            expected: 2,
            up: 300,
            down: 300
        ),
        .init(
            testDescription:
                "scale up and down stabilization, do not scale down when prenormalized rec goes up",
            past: [(2, 100), (1, 3)],
            current: 2,
            desired: 3,
            expected: 2,
            up: 300,
            down: 300
        ),
    ]

    @Test(arguments: windowCases)
    func `windows stabilize as in Kubernetes`(_ example: WindowCase) {
        var history = ScaleHistory(
            recommendations: example.past.map { .init(replicas: $0, time: Self.now - .seconds($1 * 60)) }
        )
        let behavior = AutoscalerSpec.Behavior(
            scaleUp: .init(stabilizationWindow: .seconds(example.up), policies: []),
            scaleDown: .init(stabilizationWindow: .seconds(example.down), policies: [])
        )
        let result = history.stabilize(example.desired, current: example.current, behavior, at: Self.now)
        #expect(result.replicas == example.expected)
    }

    @Test func `what is remembered is bounded by the windows`() {
        var history = ScaleHistory()
        let behavior = AutoscalerSpec.Behavior()
        for second in 0..<10_000 {
            let time = TimePoint(milliseconds: Int64(second) * 1000)
            _ = history.stabilize(second % 7, current: 3, behavior, at: time)
            history.note(from: 3, to: second.isMultiple(of: 2) ? 4 : 2, behavior, at: time)
        }
        #expect(history.recommendations.count <= 302)
        #expect(history.growths.count + history.reductions.count <= 34)
    }
}

extension ScalingLimit {
    fileprivate init(_ replicas: Int, _ reason: AutoscalerCondition.Reason) {
        self.init(replicas, current: replicas, AutoscalerSpec(minReplicas: 0, maxReplicas: replicas))
        self.reason = reason
    }
}
