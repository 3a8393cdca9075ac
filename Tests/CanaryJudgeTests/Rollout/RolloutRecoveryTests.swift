// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import Testing

@Suite struct RolloutRecoveryTests {
    @Test func `what could not be set is wanted again`() {
        var bench = Bench(.fixed())
        bench.isObeyed = false
        bench.seconds(11)
        #expect(bench.state.wanted == .split(.half))
        bench.handle(.settingFailed("the store is full"))
        #expect(bench.notices == ["the route could not be set: the store is full"])
        bench.seconds(20)
        #expect(bench.state.step == 1)
        #expect(bench.state.clock.step == .zero)
        bench.isObeyed = true
        bench.seconds(1)
        #expect(bench.setting == .split(.half))
        bench.seconds(10, canary: 50, stable: 50)
        #expect(bench.state.phase == .promoted)
    }

    @Test func `an abort that could not be set is not forgotten`() {
        var bench = Bench(.test())
        bench.isObeyed = false
        bench.seconds(20, errors: 1)
        #expect(bench.state.phase == .aborted)
        #expect(bench.setting == .split(Share(percent: 10)))
        bench.isObeyed = true
        let isResumed = bench.restart()
        #expect(isResumed)
        #expect(bench.setting == .stable)
    }

    @Test func `time counts only while somebody watches`() {
        var bench = Bench(.fixed())
        bench.seconds(5)
        // The calendar goes back a day, and the machine sleeps for an hour.
        bench.moment.wall -= 86_400_000
        bench.seconds(1)
        bench.moment.monotonic += 3_600_000
        bench.wait(milliseconds: 0)
        #expect(bench.state.step == 1)
        #expect(bench.state.clock.step == .zero)
        // Another run's clock begins anywhere.
        bench.seconds(4, canary: 50, stable: 50)
        let isResumed = bench.restart(monotonic: .max - 10_000)
        #expect(isResumed)
        bench.seconds(1, canary: 50, stable: 50)
        #expect(bench.state.clock.step == .seconds(5))
        bench.moment.monotonic = .min
        bench.wait(milliseconds: 0)
        #expect(bench.state.clock.step == .seconds(5))
        #expect(bench.state.phase == .progressing)
    }

    @Test func `a step that takes days writes little, and an alarm at once`() {
        var plan = RolloutPlan.test([10, 100])
        plan.hold = .seconds(86_400)
        var bench = Bench(plan)
        bench.seconds(600)
        let before = bench.journal.count
        bench.seconds(1000)
        #expect(bench.journal.count - before <= 101)
        bench.seconds(9, errors: 5)
        #expect(bench.state.phase == .aborted)
        #expect(bench.state.epochs.contains { bench.state.total(of: $0).canary.errors > 0 })
    }

    @Test func `looking often writes no more, and sees no less`() {
        var bench = Bench(.fixed())
        for _ in 0..<36 { bench.wait(milliseconds: 250) }
        #expect(bench.state.clock.step == .seconds(9))
        #expect(bench.journal.filter { if case .watched = $0.event { true } else { false } }.count == 9)
        bench.totals[bench.epoch] = ArmPair(canary: ArmCounts(assigned: 5, ended: 5, errors: 0))
        bench.wait(milliseconds: 250)
        #expect(bench.state.judge.metrics[0].canary.requests == 5)
        for _ in 0..<3 { bench.wait(milliseconds: 250) }
        #expect(bench.state.clock.step == .milliseconds(9250))
    }

    @Test func `a sleep counts for no more than a look`() {
        var bench = Bench(.fixed())
        bench.seconds(3)
        bench.moment.monotonic += 3_600_000
        bench.wait(milliseconds: 0)
        #expect(bench.state.step == 0)
        #expect(bench.state.clock.step == .seconds(8))
    }

    @Test func `counts that go back count neither twice nor for one arm`() {
        var bench = Bench(.fixed([10, 100]))
        bench.seconds(2, errors: 1)
        // A proxy vanishes with the canary's counts; what stable had goes on.
        bench.totals[bench.epoch]?.canary = ArmCounts(assigned: 3, ended: 3, errors: 1)
        bench.totals[bench.epoch]?.stable.ended += 500
        bench.proxies = ["p2"]
        bench.second()
        let errors = bench.state.judge.metrics[0]
        #expect(errors.canary == .init(requests: 20, events: 2))
        #expect(errors.stable == .init(requests: 180, events: 0))
        #expect(bench.notices == ["counts were lost: evidence goes on from what is left"])
        #expect(bench.state.proxies == ["p2"])
        bench.seconds(1)
        #expect(bench.state.judge.metrics[0].canary == .init(requests: 30, events: 2))
        // All of them.
        bench.totals = [:]
        bench.second()
        bench.seconds(1)
        #expect(bench.state.judge.metrics[0].canary == .init(requests: 40, events: 2))
        #expect(RolloutState(replaying: bench.journal) == bench.state)
    }

    @Test func `a proxy that ends leaves what it counted`() {
        var bench = Bench(.fixed())
        bench.seconds(3)
        bench.proxies = []
        bench.second()
        #expect(bench.notices == ["no proxy is running"])
        #expect(bench.state.message == "waiting for a proxy")
        #expect(bench.state.judge.metrics[0].canary.requests == 30)
    }

    @Test func `what was counted before an epoch was the rollout's is not its own`() {
        var bench = Bench(.fixed())
        bench.edit(.split(Share(percent: 10)))
        bench.totals[bench.epoch] = ArmPair(canary: ArmCounts(assigned: 9, ended: 9, errors: 9))
        // It stands as it is wanted: nothing is set, and nothing is ours.
        bench.order(.resume)
        bench.seconds(1)
        #expect(bench.state.judge.metrics[0].canary == .init(requests: 10, events: 0))
    }

    @Test func `two controllers never act`() throws {
        var first = Bench(.fixed())
        first.seconds(3)
        var second = first
        let isResumed = second.restart()
        #expect(isResumed)
        // The second one's entry is in the journal before it acts; the first finds it there.
        let news = Array(second.journal.dropFirst(first.journal.count))
        let isRead = first.machine.read(news)
        #expect(isRead)
        first.seconds(5)
        #expect(first.refusal == "another controller has taken over")
        #expect(first.journal.count + news.count == second.journal.count)
        #expect(RolloutMachine.resume(second.state, term: second.state.term, at: second.moment) == nil)
    }

    @Test func `a journal with a gap is none`() {
        var bench = Bench(.fixed())
        bench.seconds(12)
        #expect(RolloutState(replaying: bench.journal) == bench.state)
        var broken = bench.journal
        broken.remove(at: 3)
        #expect(RolloutState(replaying: broken) == nil)
        #expect(RolloutState(replaying: bench.journal + bench.journal.suffix(1)) == nil)
        #expect(RolloutState(replaying: bench.journal.dropFirst()) == nil)
        #expect(RolloutState(replaying: []) == nil)
    }

    @Test func `a journal is judged again by other rules`() throws {
        var bench = Bench(.fixed([10, 100]))
        bench.seconds(2, canary: 20, stable: 80)
        bench.seconds(1, canary: 20, stable: 80, errors: 2)
        bench.order(.pause)
        bench.seconds(20, canary: 20, stable: 80)
        #expect(bench.state.phase == .paused)
        #expect(RolloutState.firstAlarm(in: bench.journal, rules: JudgeRules()) == nil)
        var rules = JudgeRules()
        rules.alpha = 0.3
        let alarm = try #require(RolloutState.firstAlarm(in: bench.journal, rules: rules))
        #expect(alarm.sentence.hasPrefix("2 canary errors, "))
        #expect(alarm.entry.number < bench.state.number)
    }
}
