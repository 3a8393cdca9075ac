// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryTestSupport
import Testing

@Suite struct PolicyTests {
    /// Requests of one second, and failures among the canary's.
    private func second(_ canary: UInt64, errors: UInt64 = 0, milliseconds: UInt64 = 10) -> ArmPair {
        var counts = ArmCounts(assigned: canary, ended: canary, errors: errors)
        counts.durations.add(canary, nanoseconds: milliseconds * 1_000_000)
        return ArmPair(canary: counts)
    }

    private func run(_ policy: some RolloutPolicy, _ seconds: Int, _ counts: ArmPair) -> PolicyRun {
        PolicyRun(policy, replaying: repeatElement(counts, count: seconds))
    }

    @Test func `Flagger acts at the look behind the fifth failed check`() {
        // The first look only begins the ramp.
        #expect(run(FlaggerPolicy(), 419, second(10, errors: 1)).outcome == nil)
        #expect(run(FlaggerPolicy(), 420, second(10, errors: 1)).outcome == .takenBack)
        #expect(run(FlaggerPolicy(), 3600, second(10, milliseconds: 900)).seconds == 420)
        // No data is a failed check.
        #expect(run(FlaggerPolicy(), 3600, ArmPair()).seconds == 420)
        let healthy = run(FlaggerPolicy(), 3600, second(10))
        #expect(healthy.outcome == .promoted)
        #expect(healthy.seconds == 360)
    }

    @Test func `in a simulation nobody is there to be asked, and nothing waits for an answer`() {
        var plan = RolloutPlan.fixed([50])
        let counts = ArmPair(canary: second(10).canary, stable: second(10).canary)
        let promoted = run(JudgePolicy(plan), 900, counts)
        plan.gates = [.init("smoke")]
        #expect(promoted.outcome == .promoted)
        #expect(run(JudgePolicy(plan), 900, counts) == promoted)
    }

    @Test func `Flagger never forgets a failed check`() {
        var policy = FlaggerPolicy()
        policy.stepWeight = 1
        for minute in 0..<40 {
            for _ in 0..<60 { policy.second(second(10, errors: minute % 6 == 3 ? 1 : 0)) }
        }
        #expect(policy.failedChecks == 5)
        #expect(policy.outcome == .takenBack)
    }

    @Test func `Argo acts at the fourth failed measurement`() {
        // The analysis begins with the second step, after ten minutes, and measures every five.
        let failing = run(ArgoPolicy(), 7200, second(20, errors: 2))
        #expect(failing.outcome == .takenBack)
        #expect(failing.seconds == 600 + 1 + 3 * 300)
        // 95 % is good enough.
        let healthy = run(ArgoPolicy(), 7200, second(20, errors: 1))
        #expect(healthy.outcome == .promoted)
        #expect(healthy.seconds == 2400)
        // Five times in a row without data, ten seconds apart.
        let silent = run(ArgoPolicy(), 7200, ArmPair())
        #expect(silent.outcome == .takenBack)
        #expect(silent.seconds == 600 + 1 + 4 * 10)
    }

    private static func plan(_ shares: [UInt64], durations: Bool = false) -> RolloutPlan {
        .test(shares) { plan in
            if !durations { plan.rules.quantiles = [] }
            plan.watch = .seconds(5)
        }
    }

    @Test func `a failing canary costs little here and much elsewhere`() {
        var traffic = Traffic(seed: 31)
        traffic.canary.errorRate = 0.05
        let judge = PolicyRun(JudgePolicy(Self.plan([10, 50, 100])), on: traffic, atMost: 3600)
        #expect(judge.outcome == .takenBack)
        #expect(judge.canaryErrors < 20)
        let flagger = PolicyRun(FlaggerPolicy(), on: traffic, atMost: 3600)
        #expect(flagger.outcome == .takenBack)
        #expect(flagger.canaryErrors > 10 * judge.canaryErrors)
        let argo = PolicyRun(ArgoPolicy(), on: traffic, atMost: 3600)
        #expect(argo.canaryErrors > 100 * judge.canaryErrors)
    }

    @Test func `a healthy ramp of evidence takes less than three minutes`() {
        for (errorRate, seed) in [(0.005, 41), (0, 42), (0.05, 43)] as [(Double, UInt64)] {
            var traffic = Traffic(seed: seed, errorRate: errorRate)
            traffic.requestsPerSecond = 1000
            var policy = JudgePolicy(Self.plan([1, 5, 25, 50, 100]))
            var seconds = 0
            while policy.machine.state.phase == .progressing, seconds < 180 {
                policy.second(traffic.second(at: policy.share))
                seconds += 1
            }
            #expect(policy.machine.state.phase == .promoted, "\(errorRate)")
        }
    }

    @Test func `equal versions are promoted, whatever happens to both`() {
        let runs = 20 * Simulations.factor
        var takenBack = 0
        for run in 0..<runs {
            var traffic = Traffic(seed: 600 + UInt64(run), errorRate: 0.01)
            traffic.requestsPerSecond = 500
            var plan = Self.plan([5, 25, 50, 100])
            plan.rules.alpha = 0.05
            let run = PolicyRun(JudgePolicy(plan), on: traffic, atMost: 300) { second, traffic in
                traffic.trouble = second % 40 == 20 ? 0.2 : 0
            }
            if run.outcome == .takenBack { takenBack += 1 }
        }
        // The bound of the ramp, and that of the watch behind it.
        #expect(takenBack <= Simulations.most(alpha: 0.1, runs: runs))
    }

    @Test func `a rollout of made-up traffic has a journal that says the same`() {
        var traffic = Traffic(seed: 9, median: 20)
        traffic.canary.median = 60
        var policy = JudgePolicy(Self.plan([10, 100], durations: true))
        for _ in 0..<60 where policy.outcome == nil { policy.second(traffic.second(at: policy.share)) }
        #expect(policy.outcome == .takenBack)
        #expect(policy.machine.state.message.contains(" slower than the stable version's p"))
        #expect(RolloutState(replaying: policy.journal) == policy.machine.state)
    }
}
