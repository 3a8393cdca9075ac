// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryRollout

/// Controllers that are killed at random moments, before and behind each of their changes, and on machines whose clocks jump.
/// `CANARYCTL_KILL_WALKS` is how many walks there are.
@Suite struct RolloutKillTests {
    private static var walks: Range<UInt64> {
        0..<(getenv("CANARYCTL_KILL_WALKS").flatMap { UInt64(String(cString: $0)) } ?? 40)
    }

    /// Each second there are requests, of which the canary fails some.
    private func walk(_ seed: UInt64, failures: UInt64, losesCounts: Bool) throws -> MadeUpWorld {
        var plan = RolloutPlan(
            stable: "v1",
            canary: "v2",
            steps: [10, 50, 100].map { RolloutPlan.Step(.split(Share(percent: $0))) }
        )
        (plan.ramp, plan.hold, plan.watch) = (.fixed, .seconds(3), .seconds(5))
        let world = MadeUpWorld(plan)
        let random = Dice(seed)
        world.fate = { random.roll(10) ? (random.roll(2) ? .diesBefore : .diesBehind) : .lives }
        var controller = RolloutController()
        var offset: Int64 = 0
        for turn: Int64 in 1...5000 where !world.isOver {
            if turn.isMultiple(of: 5) { serve(world, failures) }
            if losesCounts, random.roll(200) { world.counts[world.epoch] = nil }
            let moment = Moment(wall: random.number(1 << 40), monotonic: turn * 200 + offset)
            do {
                _ = try controller.turn(world, at: moment)
                guard random.roll(50) else { continue }
            } catch is MadeUpWorld.Killed {}
            (controller, offset) = (RolloutController(), random.number(1 << 40))
        }
        return world
    }

    private func serve(_ world: MadeUpWorld, _ failures: UInt64) {
        guard case .split(let share) = world.setting else { return }
        let canary = UInt64(share.value * 100)
        world.serve(canary: canary, failed: min(failures * canary / 10, canary), stable: 100 - canary)
    }

    private func state(_ world: MadeUpWorld) throws -> RolloutState {
        try #require(RolloutState(replaying: world.journal))
    }

    @Test(arguments: walks) func `a healthy version is promoted, and nothing counts twice`(seed: UInt64)
        throws
    {
        let world = try walk(seed, failures: 0, losesCounts: false)
        let state = try state(world)
        #expect(state.phase == .promoted && state.isWatchOver && world.setting == .canary, "\(state.message)")
        for epoch in state.epochs {
            let counted = state.total(of: epoch)
            let served = world.counts[epoch] ?? ArmPair()
            #expect(served.continues(counted))
        }
    }

    @Test(arguments: walks) func `a failing version is taken back`(seed: UInt64) throws {
        let world = try walk(seed, failures: 2, losesCounts: false)
        let state = try state(world)
        #expect(
            state.phase == .aborted && state.wanted == nil && world.setting == .stable,
            "\(state.message)"
        )
    }

    @Test(arguments: walks) func `counts that vanish with a proxy never make a verdict`(seed: UInt64) throws {
        let world = try walk(seed, failures: 0, losesCounts: true)
        #expect(try state(world).phase == .promoted)
    }
}

/// Random numbers for whoever shares them.
private final class Dice {
    private var random: SeededGenerator

    init(_ seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// One time in so many.
    func roll(_ sides: UInt64) -> Bool { random.next() % sides == 0 }

    func number(_ limit: UInt64) -> Int64 { Int64(random.next() % limit) }
}
