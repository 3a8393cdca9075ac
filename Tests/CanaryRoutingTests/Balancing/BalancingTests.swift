// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct BalancingTests {
    // MARK: - Turns by weight

    private func turns(_ weights: [Double], _ count: Int, random: UInt64 = 0) -> [Int] {
        var schedule = WeightedSchedule(count: weights.count, random: random) { weights[$0] }
        return (0..<count).map { _ in schedule.next { weights[$0] } }
    }

    @Test func `equal weights are served in turn, from any start`() {
        #expect(turns([1, 1, 1], 7) == [0, 1, 2, 0, 1, 2, 0])
        #expect(turns([5, 5, 5], 4, random: 4) == [1, 2, 0, 1])
    }

    @Test func `heavy ones take their turns evenly`() {
        let found = turns([3, 1], 400)
        #expect(found.count { $0 == 1 } == 100)
        let runs = found.split(separator: 1, omittingEmptySubsequences: false).dropFirst().dropLast()
        #expect(runs.allSatisfy { 2...4 ~= $0.count })
        #expect(turns([], 2) == [-1, -1])
        #expect(turns([7], 2) == [0, 0])
    }

    @Test(arguments: 0..<20)
    func `shares are exact over a cycle`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let weights = (0..<Int.random(in: 1...40, using: &random)).map { _ in
            Int.random(in: 1...9, using: &random)
        }
        let total = weights.reduce(0, +)
        let found = turns(weights.map(Double.init), total * 10, random: random.next())
        for (index, weight) in weights.enumerated() {
            #expect(abs(found.count { $0 == index } - weight * 10) <= weight)
        }
    }

    @Test func `weights may change from turn to turn`() {
        var schedule = WeightedSchedule(count: 2, random: 0) { _ in 1 }
        let found = (0..<1000).map { _ in schedule.next { $0 == 0 ? 1 : 0.25 } }
        #expect(abs(found.count { $0 == 1 } - 200) <= 2)
        var idle = WeightedSchedule(count: 2, random: 0) { _ in 0 }
        #expect(Set((0..<4).map { _ in idle.next { _ in 0 } }) == [0, 1])
    }

    // MARK: - Draws

    @Test func `of two endpoints the one with fewer requests is taken, the first one of equal ones`() {
        let loads: [UInt32] = [5, 2, 2, 9]
        func choose(_ one: UInt64, _ other: UInt64) -> Int {
            let quarter = UInt64.max / 4 + 1
            return EndpointChoice.leastRequest(count: 4, random: (one &* quarter, other &* quarter)) {
                loads[$0]
            }
        }
        #expect(choose(0, 1) == 1)
        #expect(choose(1, 0) == 1)
        #expect(choose(1, 2) == 1)
        #expect(choose(2, 1) == 2)
        #expect(choose(3, 3) == 3)
    }

    @Test func `weighted least request gives an endpoint with twice the weight twice the requests`() {
        let weights: [Double] = [1, 2, 4]
        var active: [UInt32] = [0, 0, 0]
        var schedule = WeightedSchedule(count: 3, random: 0) { weights[$0] }
        for _ in 0..<700 {
            let index = schedule.next {
                EndpointChoice.leastRequestWeight(weights[$0], activeRequests: active[$0])
            }
            active[index] += 1
        }
        #expect(active[0] < active[1] && active[1] < active[2])
        #expect(EndpointChoice.leastRequestWeight(4, activeRequests: 3) == 1)
    }

    // MARK: - Warm-up

    private func warmUp(_ balancer: Node) -> WarmUpPolicy? {
        let rule = object(
            .destinationRule,
            "helloworld",
            ["spec": ["host": "helloworld", "trafficPolicy": ["loadBalancer": balancer]]]
        )
        let probe = RouteProbe(
            ["route": [["destination": ["host": "helloworld"]]]],
            objects: Helloworld.backends + [rule]
        )
        return probe.withRoute(probe.facts()) { $0.destination(for: probe.facts(), random: 0)?.warmUp } ?? nil
    }

    @Test func `warm-up comes from the rule, in both of its forms`() {
        #expect(warmUp([:]) == WarmUpPolicy.none)
        #expect(warmUp(["warmupDurationSecs": "10s"])?.milliseconds == 10_000)
        let policy = warmUp([
            "warmupDurationSecs": "1s",
            "warmup": ["duration": "20s", "minimumPercent": 25, "aggression": 2],
        ])
        #expect(policy?.milliseconds == 20_000)
        #expect(policy?.leastFactor == 0.25)
        #expect(policy?.aggression == 2)
    }

    @Test func `the share grows with time, from its least to all`() {
        var policy = WarmUpPolicy()
        #expect(policy.factor(age: 0) == 1)
        policy.milliseconds = 1000
        #expect(policy.factor(age: 0) == 0.1)
        #expect(policy.factor(age: 50) == 0.1)
        #expect(policy.factor(age: 250) == 0.25)
        #expect(policy.factor(age: 1000) == 1)
        #expect(policy.factor(age: -5) == 0.1)
        policy.leastFactor = 0
        for (aggression, age, wanted) in [
            (2.0, Int64(250), 0.5), (0.5, 500, 0.25), (4, 1, 0.1778279410038923), (1, 1, 0.001),
        ] {
            policy.aggression = aggression
            #expect(abs(policy.factor(age: age) - wanted) < 1e-12)
        }
        var last = 0.0
        for age in 0...1000 {
            #expect(policy.factor(age: Int64(age)) >= last)
            last = policy.factor(age: Int64(age))
        }
    }

    @Test func `the exponential is the logarithm's inverse`() {
        for x in stride(from: -50.0, through: 50, by: 0.37) {
            #expect(abs(NaturalLogarithm.of(Exponential.of(x)) - x) < 1e-13 * max(1, abs(x)))
        }
        #expect(Exponential.of(0) == 1)
        #expect(Exponential.of(-1000) == 0)
        #expect(Exponential.of(1000) == .infinity)
    }
}
