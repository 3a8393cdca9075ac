// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryTestSupport
import Testing

@Suite struct DetectionPlanTests {
    private let ramp = [1, 5, 25, 50, 100].map { Share(percent: $0) }

    @Test func `a plan of one share is what the exact time says`() throws {
        let plan = DetectionPlan(
            shares: [Share(percent: 10)],
            errorRate: 0.005,
            ratios: [5, 10],
            minimum: 1e9
        )
        for found in plan.cases {
            let time = DetectionTime(
                share: Share(percent: 10),
                ratio: found.ratio,
                alpha: JudgeRules().alpha(of: .errors)
            )
            let requests = Double(try #require(time.median)) / (0.005 * (0.9 + 0.1 * found.ratio))
            #expect(abs(try #require(found.medianRequests) / requests - 1) < 1e-9)
            #expect(try #require(found.ninetiethRequests) > requests)
            #expect(found.step == 0)
            #expect(abs(found.affectedRequests - requests * 0.1 * 0.005 * found.ratio) < 1e-6)
        }
    }

    @Test func `the worse a canary is, the sooner it is caught`() throws {
        let plan = DetectionPlan(shares: ramp, errorRate: 0.005)
        #expect(plan.cases.map(\.ratio) == [2, 5, 10])
        #expect(plan.steps.map(\.share) == Array(ramp.dropLast()))
        let times = plan.cases.compactMap(\.medianRequests)
        #expect(times.count >= 2)
        #expect(times == times.sorted(by: >))
        // Each step is planned for a canary that is five times as bad.
        #expect(plan.cases[1].step == 0)
        #expect(plan.healthyRequests > 50_000 && plan.healthyRequests < 180_000)
    }

    @Test func `rates that cannot be do no harm`() {
        for rate in [-1, 0, 1e-300, 0.5, 1, 7, .infinity] {
            let plan = DetectionPlan(shares: ramp + [.none], errorRate: rate)
            #expect(plan.healthyRequests.isFinite && plan.healthyRequests > 0)
            for found in plan.cases { #expect(found.affectedRequests.isFinite) }
        }
        #expect(DetectionPlan(shares: [], errorRate: 0.01).cases.allSatisfy { $0.medianRequests == nil })
    }

    @Test func `what a rollout's plan tells is what simulations show`() throws {
        let plan = RolloutPlan.test([10, 50, 100]) { plan in
            plan.rules.quantiles = []
            plan.watch = .seconds(1)
        }
        let forecast = DetectionPlan(plan, requestsPerSecond: 100, errorRate: 0.005)
        func figures(_ canary: Double) -> RunFigures {
            let traffic = MadeUpTraffic(
                requestsPerSecond: 100,
                stable: .init(errorRate: 0.005),
                canary: .init(errorRate: canary),
                random: SplitMix64(seed: 0)
            )
            return RunFigures(
                (0..<40).map { run in
                    var traffic = traffic
                    traffic.random = SplitMix64(seed: Simulations.seed &* 7919 &+ UInt64(run))
                    return PolicyRun(JudgePolicy(plan), on: traffic, atMost: 1200)
                }
            )
        }
        for (index, ratio) in [5.0, 10].enumerated() {
            let median = try #require(forecast.cases[index + 1].medianRequests)
            let seconds = try #require(figures(0.005 * ratio).secondsToAbort)
            // Looks are a second apart.
            #expect((0.5...1.7).contains((seconds - 0.5) / (median / 100)), "\(ratio): \(seconds)")
        }
        let healthy = try #require(figures(0.005).secondsToPromotion)
        #expect((0.8...1.3).contains(healthy / (forecast.healthyRequests / 100)), "\(healthy)")
    }

    @Test func `durations that do not count while the canary warms up are in the plan`() throws {
        var figures: [Double] = []
        for (warmUp, rate, first) in [
            (0, 1000.0, 10), (60, 1000, 10), (60, 100, 10), (0, 20, 50), (30, 400, 1),
        ] {
            let plan = RolloutPlan.test([UInt64(first), 50, 100]) { plan in
                (plan.warmUp, plan.watch) = (.seconds(warmUp), .seconds(1))
            }
            let forecast = DetectionPlan(plan, requestsPerSecond: rate, errorRate: 0.005)
            #expect(forecast.warmUp == .seconds(warmUp))
            let healthy = MadeUpTraffic<SplitMix64>.Version(errorRate: 0.005, median: 20)
            let runs = (0..<12).map { run in
                let traffic = MadeUpTraffic(
                    requestsPerSecond: rate,
                    stable: healthy,
                    canary: healthy,
                    random: SplitMix64(seed: Simulations.seed &* 7919 &+ UInt64(run))
                )
                return PolicyRun(JudgePolicy(plan), on: traffic, atMost: 4000)
            }
            let seconds = try #require(RunFigures(runs).secondsToPromotion)
            let expected = forecast.healthyRequests / rate
            #expect((0.8...1.25).contains(seconds / expected), "\(warmUp), \(rate): \(seconds), \(expected)")
            figures.append(expected)
        }
        // Where requests are many, waiting is most of it.
        #expect(figures[1] - figures[0] > 40)
    }

    @Test func `the warm-up passes with copies, and does not matter where nothing waits for durations`() {
        func first(_ change: (inout RolloutPlan) -> Void) -> Double {
            let plan = RolloutPlan.test([50, 100]) { plan in
                plan.warmUp = .seconds(100)
                change(&plan)
            }
            return DetectionPlan(plan, requestsPerSecond: 1000, errorRate: 0.05).steps[0].requests / 1000
        }
        let whole = first { _ in }
        #expect(whole > 100 && whole < 110)
        let copied = first { $0.steps.insert(.init(.mirror(.all), hold: .seconds(40)), at: 0) }
        #expect(abs(whole - copied - 40) < 1)
        #expect(first { $0.rules.quantiles = [] } < 10)
        #expect(first { ($0.ramp, $0.hold) = (.fixed, .seconds(10)) } == 10)
    }

    @Test func `by the clock a step takes its hold time`() {
        let plan = RolloutPlan.fixed([10, 50, 100])
        let forecast = DetectionPlan(plan, requestsPerSecond: 200, errorRate: 0.01)
        #expect(forecast.steps.map(\.requests) == [2000, 2000])
        #expect(forecast.healthyRequests == 4000)
    }

    @Test func `copies and conditions are no steps of a forecast`() {
        var plan = RolloutPlan.test([10, 100])
        plan.steps.insert(.init(.mirror(Share(percent: 10))), at: 0)
        #expect(DetectionPlan(plan, requestsPerSecond: 200, errorRate: 0.01).steps.count == 1)
    }
}
