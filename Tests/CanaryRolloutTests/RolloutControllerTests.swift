// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import Testing

@testable import CanaryRollout

@Suite struct RolloutControllerTests {
    private let world: MadeUpWorld
    private let half = RouteSetting.split(.half)

    init() {
        var plan = RolloutPlan(
            stable: "v1",
            canary: "v2",
            steps: [RolloutPlan.Step(.split(Share(percent: 10))), RolloutPlan.Step(.canary)]
        )
        plan.ramp = .fixed
        plan.hold = .seconds(2)
        world = MadeUpWorld(plan)
    }

    /// Turns of a second each.
    private func turn(_ controller: inout RolloutController, at seconds: ClosedRange<Int64>) throws {
        for second in seconds {
            _ = try controller.turn(world, at: Moment(wall: second * 1000, monotonic: second * 1000))
        }
    }

    private var state: RolloutState {
        get throws { try #require(RolloutState(replaying: world.journal)) }
    }

    @Test func `a healthy version is promoted, and its journal tells all of it`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...1)
        #expect(world.setting == .split(Share(percent: 10)))
        for second: Int64 in 2...5 {
            world.serve(canary: 10, stable: 90)
            try turn(&controller, at: second...second)
        }
        #expect(try state.phase == .promoted && world.setting == .canary)
        #expect(try controller.state(of: 1) == state)
    }

    @Test func `a failing version is taken back, and the rollout is over`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...1)
        world.serve(canary: 20, failed: 20, stable: 180)
        try turn(&controller, at: 2...2)
        #expect(try state.phase == .aborted && state.wanted == nil)
        #expect(world.setting == .stable && world.isOver)
    }

    @Test func `a journal without its beginning sets nothing, and is over when its object is gone`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...1)
        world.unreadable = [1]
        let (setting, journal) = (world.setting, world.journal)
        controller = RolloutController()
        let moment = Moment(wall: 2000, monotonic: 2000)
        #expect(try controller.turn(world, at: moment).contains { $0.contains("cannot be read") })
        #expect(try controller.turn(world, at: moment) == [])
        #expect(world.setting == setting && world.journal == journal && !world.isOver)
        world.manifest = .deleted(by: "ada")
        #expect(try controller.turn(world, at: moment) == [])
        #expect(world.setting == setting && world.journal == journal && world.isOver)
    }

    @Test(arguments: [false, true]) func `a journal that is damaged in the middle is held where it is`(
        isGap: Bool
    )
        throws
    {
        var controller = RolloutController()
        try turn(&controller, at: 1...1)
        world.serve(canary: 20, stable: 180)
        try turn(&controller, at: 2...2)
        let (setting, epoch, last) = (world.setting, world.epoch, world.journal.count)
        if isGap { world.journal.remove(at: 3) } else { world.unreadable = [4] }
        controller = RolloutController()
        let moment = Moment(wall: 9000, monotonic: 9000)
        let told = try controller.turn(world, at: moment)
        #expect(
            told.contains { $0.contains("entries 4 to \(last) of its journal cannot be read") },
            "\(told)"
        )
        #expect(world.journal.contains { $0.number == last + 1 && $0.event == .recovered(behind: 3) })
        let held = try #require(controller.state(of: 1))
        #expect(held.phase == .paused && !held.isEdited && held.inForce == setting)
        #expect(world.setting == setting && world.epoch == epoch && world.phase == .paused)
        #expect(held.judge.metrics[0].canary.requests == 20)
        // Whoever comes next finds the same.
        var next = RolloutController()
        #expect(try !next.turn(world, at: moment).contains { $0.contains("cannot be read") })
        #expect(next.state(of: 1)?.phase == .paused)
        world.give(.resume)
        try turn(&next, at: 10...11)
        #expect(next.state(of: 1)?.phase == .progressing && world.refusals["o"] == .some(nil))
    }

    @Test func `who is killed between the change of the route and its news goes on`() throws {
        var controller = RolloutController()
        world.isBroken = true
        #expect(throws: MadeUpWorld.Broken.self) { try turn(&controller, at: 1...1) }
        #expect(world.journal.count == 1)
        world.isBroken = false
        try turn(&controller, at: 2...2)
        // The change was committed, what came of it was not.
        world.journal.removeLast(world.journal.count - 3)
        var next = RolloutController()
        try turn(&next, at: 3...3)
        #expect(try state.wanted == nil && state.phase == .progressing && state.term == 2)
        #expect(try !state.isEdited)
    }

    @Test func `an edit by somebody else pauses, and stands until resume`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...2)
        world.edit(half, by: "bob")
        try turn(&controller, at: 3...4)
        #expect(try state.pause == .edit(by: "bob"))
        #expect(world.setting == half)
        world.give(.resume)
        try turn(&controller, at: 5...5)
        #expect(try state.phase == .progressing && world.setting == .split(Share(percent: 10)))
        #expect(world.refusals["o"] == .some(nil))
    }

    @Test func `an edit that brings back what the rollout itself had set is an edit`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...2)
        world.edit(.stable, by: "rollout/shop")
        world.editor = "bob"
        try turn(&controller, at: 3...4)
        #expect(try state.pause == .edit(by: "bob") && world.setting == .stable)
    }

    @Test func `copies that somebody takes away without a new epoch are missed`() throws {
        var plan = RolloutPlan(stable: "v1", canary: "v2", steps: [.init(.mirror(.half)), .init(.canary)])
        plan.ramp = .fixed
        let world = MadeUpWorld(plan)
        var controller = RolloutController()
        for second: Int64 in 1...2 {
            _ = try controller.turn(world, at: Moment(wall: second * 1000, monotonic: second * 1000))
        }
        #expect(world.setting == .mirror(.half))
        (world.setting, world.editor) = (.stable, "bob")
        _ = try controller.turn(world, at: Moment(wall: 3000, monotonic: 3000))
        let state = try #require(RolloutState(replaying: world.journal))
        #expect(state.pause == .edit(by: "bob") && state.inForce == .stable)
    }

    @Test func `an edit between the look and the change is not written over`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...2)
        world.give(.promoteFull)
        world.stranger = { [world] in world.edit(.split(.half), by: "bob") }
        try turn(&controller, at: 3...4)
        #expect(world.setting == half)
        #expect(try state.isEdited)
    }

    @Test func `a controller whose journal went on without it stops`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...1)
        world.stranger = { [world] in
            world.journal.append(
                JournalEntry(number: world.journal.count + 1, wallMilliseconds: 0, event: .tookOver(term: 2))
            )
        }
        #expect(throws: TakenOver.self) { try turn(&controller, at: 2...2) }
    }

    @Test func `an order that cannot be obeyed is answered with the reason`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...1)
        world.give(.retry)
        try turn(&controller, at: 2...2)
        #expect(world.refusals["o"] == "it is not aborted")
    }

    @Test func `a route that cannot be set is told once, and tried again`() throws {
        var controller = RolloutController()
        world.failure = "no such version"
        try turn(&controller, at: 1...5)
        let failures = world.journal.count { if case .settingFailed = $0.event { true } else { false } }
        #expect(failures == 1)
        world.failure = nil
        try turn(&controller, at: 6...7)
        #expect(try state.wanted == nil)
    }

    @Test func `a route that cannot be seen has lost no counts`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...1)
        world.serve(canary: 10, stable: 90)
        try turn(&controller, at: 2...2)
        world.problem = "its VirtualService cannot be read"
        try turn(&controller, at: 3...3)
        world.problem = nil
        try turn(&controller, at: 4...4)
        let losses = world.journal.count { if case .countsLost = $0.event { true } else { false } }
        #expect(losses == 0)
    }

    @Test func `what is paused before it begins takes its first step when it is resumed`() throws {
        var controller = RolloutController()
        world.give(.pause)
        try turn(&controller, at: 1...3)
        #expect(try state.phase == .paused && !state.hasBegun && world.setting == half)
        world.give(.resume, id: "r")
        try turn(&controller, at: 4...4)
        #expect(try state.phase == .progressing && world.setting == .split(Share(percent: 10)))
    }

    @Test func `a changed manifest is told, and what was begun goes on`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...1)
        world.manifest = .changed(by: "bob")
        let told = try controller.turn(world, at: Moment(wall: 2000, monotonic: 2000))
        world.manifest = nil
        #expect(told.contains { $0.contains("bob changed its manifest") }, "\(told)")
        world.serve(canary: 10, stable: 90)
        try turn(&controller, at: 3...5)
        #expect(try state.isManifestChanged && state.phase == .promoted)
        #expect(try state.message.contains("its manifest was changed since"))
    }

    @Test func `a deleted manifest ends the rollout, and the route stays as it is`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...1)
        world.manifest = .deleted(by: "bob")
        world.serve(canary: 20, failed: 20, stable: 180)
        try turn(&controller, at: 2...3)
        #expect(try state.isWithdrawn && world.isOver)
        #expect(world.setting == .split(Share(percent: 10)))
        world.give(.retry)
        try turn(&controller, at: 4...4)
        #expect(world.refusals["o"] == "its Rollout was deleted")
    }

    @Test func `an aborted rollout begins again when it is told to`() throws {
        var controller = RolloutController()
        try turn(&controller, at: 1...1)
        world.give(.abort, id: "a")
        try turn(&controller, at: 2...2)
        #expect(world.isOver && world.setting == .stable)
        world.give(.retry, id: "r")
        try turn(&controller, at: 3...3)
        #expect(try state.attempt == 2 && world.setting == .split(Share(percent: 10)) && !world.isOver)
    }
}
