// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryTestSupport
import Testing

@Suite struct JournalReplayTests {
    private func policy(canary: Double, seconds: Int = 600) -> JudgePolicy {
        var traffic = Traffic(seed: 7)
        traffic.canary.errorRate = canary
        let plan = RolloutPlan.test([10, 50, 100]) { plan in
            plan.rules.quantiles = []
            plan.watch = .seconds(5)
        }
        var policy = JudgePolicy(plan)
        for _ in 0..<seconds where policy.outcome == nil { policy.second(traffic.second(at: policy.share)) }
        return policy
    }

    @Test func `a journal says again what happened, and what others would have done`() throws {
        let policy = policy(canary: 0.05)
        let replay = try #require(JournalReplay(policy.journal))
        #expect(replay.judge.outcome == .takenBack)
        #expect(replay.judge.reason == policy.machine.state.message)
        #expect(replay.judge.steps.first == PolicyRun.Step(second: 0, share: Share(percent: 10)))
        #expect(replay.judge.canaryErrors > 0)
        // There was too little of it for them to say anything.
        #expect(replay.flagger.outcome == nil)
        #expect(replay.flagger.seconds == replay.judge.seconds)
    }

    @Test func `a healthy one is promoted`() throws {
        let replay = try #require(JournalReplay(policy(canary: 0.005).journal))
        #expect(replay.judge.outcome == .promoted)
        #expect(replay.judge.secondsToPromotion == replay.judge.steps.first { $0.share == .all }?.second)
    }

    @Test func `with other rules it would have ended otherwise`() throws {
        let policy = policy(canary: 0.05)
        let lax = try #require(JournalReplay(policy.journal) { $0.rules.alpha = 1e-9 })
        #expect(lax.judge.outcome == nil)
        let strict = try #require(JournalReplay(policy.journal) { $0.rules.alpha = 0.5 })
        #expect(strict.judge.outcome == .takenBack)
        #expect(strict.judge.seconds < lax.judge.seconds)
    }

    @Test func `the last attempt counts`() throws {
        var bench = Bench(.test([10, 100]))
        bench.seconds(30, errors: 3)
        #expect(bench.state.phase == .aborted)
        bench.order(.retry)
        bench.seconds(20)
        let replay = try #require(JournalReplay(bench.journal))
        #expect(replay.judge.outcome == nil)
        #expect(replay.judge.canaryErrors == 0)
        // The first look behind a pause counts for five seconds at most.
        #expect((20...24).contains(replay.judge.seconds))
        #expect(replay.state == bench.state)
    }

    private func isJournal(_ entries: [JournalEntry]) -> Bool { JournalReplay(entries) != nil }

    @Test func `what is no journal is none`() {
        let journal = policy(canary: 0.05).journal
        #expect(!isJournal([]))
        #expect(!isJournal(Array(journal.dropFirst())))
        #expect(!isJournal(journal.enumerated().filter { $0.offset != 3 }.map(\.element)))
    }
}
