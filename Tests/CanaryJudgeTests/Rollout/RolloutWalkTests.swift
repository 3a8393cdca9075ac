// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryTestSupport
import Testing

/// Random ticks, orders, edits, losses and crashes, against a small model of what a rollout may do.
@Suite struct RolloutWalkTests {
    @Test func `whatever happens, a rollout does what it may and its journal knows it`() {
        for run in 0..<(25 * Simulations.factor) {
            var walk = RolloutWalk(seed: Simulations.seed &* 1_000_003 &+ UInt64(run))
            for _ in 0..<80 { walk.step() }
            walk.finish()
        }
    }
}

private struct RolloutWalk {
    private var bench: Bench
    private var random: SeededGenerator
    /// What the judge of this attempt must have seen.
    private var canary = MetricJudge.Arm()
    private var stable = MetricJudge.Arm()
    private var attempt = 1
    /// Whether the route is somebody else's.
    private var isEdited = false

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        var plan = RolloutPlan.fixed([1, 10, 50, 100])
        plan.ramp = random.chance(50) ? .fixed : .evidence
        plan.hold = .seconds(3)
        plan.watch = .seconds(20)
        plan.onAbort = random.chance(20) ? .freeze : .takeBack
        plan.stepDeadline = random.chance(30) ? .seconds(15) : nil
        plan.gates = random.chance(30) ? [.init("g", abortsOnFailure: random.chance(30))] : []
        plan.steps[1].waitsForResume = random.chance(30)
        (plan.rules.quantiles, plan.rules.comparesErrors) = ([], true)
        bench = Bench(plan)
    }

    mutating func step() {
        let before = bench.state
        let setting = bench.setting
        let isOrder = act()
        check(from: before, setting, isOrder: isOrder)
    }

    /// One thing that may happen; `true` if a person did it.
    private mutating func act() -> Bool {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<66: second()
        case 66..<80:
            bench.order(
                random.pick([.pause, .resume, .promote, .promoteFull, .abort, .retry, .undo, .resume, .retry])
            )
            if bench.refusal == nil { isEdited = false }
            return true
        case 80..<84:
            bench.edit(random.pick([.stable, .canary, .split(Share(percent: 20))]))
            isEdited = true
            return true
        case 84..<88:
            bench.handle(.gate("g", random.pick([.passed, .passed, .failed("no"), .silent("late")])))
        case 88..<90: lose()
        case 90..<94: bench.isObeyed.toggle()
        default: crash()
        }
        return false
    }

    private mutating func second() {
        let share: Share = if case .split(let share) = bench.setting { share } else { .none }
        let assigned = random.binomial(200, share.value)
        let errors = random.binomial(assigned, random.chance(20) ? 0.3 : 0.01)
        let counts = ArmPair(
            canary: ArmCounts(assigned: assigned, ended: assigned, errors: errors),
            stable: ArmCounts(assigned: 200 - assigned, ended: 200 - assigned, errors: 0)
        )
        let isCounted =
            bench.state.setting(of: bench.epoch) != nil && bench.state.phase != .aborted
            && bench.state.detector == nil
        bench.second(canary: counts.canary, stable: counts.stable)
        guard isCounted else { return }
        canary = MetricJudge.Arm(requests: canary.requests + assigned, events: canary.events + errors)
        stable = MetricJudge.Arm(requests: stable.requests + 200 - assigned, events: stable.events)
    }

    /// The proxies' counters are lost, and nothing is counted twice for it.
    private mutating func lose() {
        bench.totals = [:]
        let time = bench.moment
        bench.handle(.tick(EvidenceReading(epochs: [:], proxies: [])))
        bench.moment = time
    }

    /// The controller dies; what it wanted may or may not have been set, and another one goes on from the journal.
    private mutating func crash() {
        let before = bench.state
        #expect(RolloutState(replaying: bench.journal) == before)
        let old = bench.machine
        let length = bench.journal.count
        let isResumed = bench.restart(monotonic: Int64.random(in: -1_000_000...1_000_000, using: &random))
        #expect(isResumed)
        var late = old
        let isRead = late.read(Array(bench.journal.dropFirst(length)))
        #expect(isRead)
        let outcome = late.handle(.tick(EvidenceReading()), at: bench.moment)
        #expect(outcome.entries.isEmpty && outcome.setting == nil)
    }

    // MARK: - The model

    private mutating func check(from before: RolloutState, _ setting: RouteSetting, isOrder: Bool) {
        let now = bench.state
        checkPhase(from: before, to: now, isOrder: isOrder)
        if now.attempt > attempt {
            (attempt, canary, stable) = (now.attempt, .init(), .init())
        }
        #expect(now.judge.metrics[0].canary == canary)
        #expect(now.judge.metrics[0].stable == stable)
        // Nobody fights an edit.
        #expect(now.isEdited == isEdited)
        if isEdited, !isOrder { #expect(bench.setting == setting) }
        // What is wanted is what the phase stands for.
        switch (now.phase, now.wanted) {
        case (_, nil): break
        case (.aborted, let wanted): #expect(wanted == .stable)
        case (.promoted, let wanted): #expect(wanted == .canary)
        case (_, let wanted): #expect(wanted == now.stepSetting)
        }
        if bench.isObeyed, now.wanted == nil, !now.isEdited { #expect(bench.setting == now.inForce) }
    }

    private func checkPhase(from before: RolloutState, to now: RolloutState, isOrder: Bool) {
        let legal: [RolloutState.Phase: Set<RolloutState.Phase>] = [
            .progressing: [.progressing, .paused, .promoted, .aborted],
            .paused: isOrder ? [.paused, .progressing, .promoted, .aborted] : [.paused, .aborted],
            .promoted: [.promoted, .aborted],
            .aborted: isOrder ? [.aborted, .progressing, .promoted] : [.aborted],
        ]
        #expect(legal[before.phase]?.contains(now.phase) == true, "\(before.phase) to \(now.phase)")
        if now.attempt == before.attempt { #expect(now.step >= before.step) }
        if !isOrder, now.phase == .progressing { #expect(now.step <= before.step + 1) }
        if before.phase == .aborted, now.phase != .aborted { #expect(now.attempt == before.attempt + 1) }
        #expect(now.number == bench.journal.count)
    }

    /// Left alone, with healthy traffic and a store that takes everything, it is as the journal says and settles.
    mutating func finish() {
        bench.isObeyed = true
        for _ in 0..<3 { bench.second() }
        #expect(bench.state.wanted == nil)
        #expect(RolloutState(replaying: bench.journal) == bench.state)
    }
}
