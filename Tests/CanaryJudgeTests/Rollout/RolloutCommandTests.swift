// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import Testing

@Suite struct RolloutCommandTests {
    @Test func `a person may do anything at any time, and is told what makes no sense`() {
        var bench = Bench(.fixed())
        bench.order(.resume)
        #expect(bench.refusal == "it is not paused")
        bench.order(.retry)
        #expect(bench.refusal == "it is not aborted")
        bench.order(.pause, reason: "lunch")
        #expect(bench.state.message == "paused by ann: lunch")
        bench.seconds(30)
        #expect(bench.state.step == 0)
        bench.order(.pause)
        #expect(bench.refusal == "it is paused already")
        bench.order(.promote)
        #expect(bench.state.step == 1)
        #expect(bench.state.phase == .progressing)
        bench.order(.promote)
        #expect(bench.state.phase == .promoted)
        bench.order(.promoteFull)
        #expect(bench.refusal == "it is promoted already")
        bench.order(.undo, reason: "too slow")
        #expect(bench.state.message == "by ann: too slow")
        #expect(bench.setting == .stable)
        bench.order(.promote)
        #expect(bench.refusal == "it is aborted; \"retry\" begins again")
    }

    @Test func `everything at once works while paused, too`() {
        var bench = Bench(.fixed())
        bench.order(.pause)
        bench.order(.promoteFull)
        #expect(bench.setting == .canary)
        #expect(bench.state.phase == .promoted)
    }

    @Test func `a pause holds the clock but not the judge`() {
        var bench = Bench(.fixed())
        bench.seconds(5)
        bench.order(.pause)
        bench.seconds(100)
        bench.order(.resume)
        bench.seconds(4)
        #expect(bench.state.step == 0)
        bench.seconds(1)
        #expect(bench.state.step == 1)
        bench.order(.pause)
        bench.seconds(60, canary: 50, stable: 50, errors: 2)
        #expect(bench.state.phase == .aborted)
    }

    @Test func `another try is a new test`() {
        var bench = Bench(.test())
        bench.seconds(20, errors: 1)
        let old = bench.epoch
        bench.order(.retry, reason: "fixed the DSN")
        #expect(bench.state.attempt == 2)
        #expect(bench.state.phase == .progressing)
        #expect(bench.setting == .split(Share(percent: 10)))
        #expect(bench.state.judge.metrics[0].canary.requests == 0)
        // Those of the first try that end now are nobody's.
        bench.totals[old, default: ArmPair()].canary.errors += 5
        bench.seconds(3)
        #expect(bench.state.judge.metrics[0].canary.events == 0)
        #expect(bench.state.phase == .progressing)
    }

    @Test func `an order that comes again is no second one`() {
        var bench = Bench(.fixed([10, 20, 50, 100]))
        bench.order(.promote, id: "7")
        bench.order(.promote, id: "7")
        #expect(bench.state.step == 1)
        let isResumed = bench.restart()
        #expect(isResumed)
        bench.order(.promote, id: "7")
        #expect(bench.state.step == 1)
        bench.order(.promote, id: "8")
        #expect(bench.state.step == 2)
    }

    @Test func `edits by hand stand until an order`() {
        var bench = Bench(.fixed())
        bench.seconds(3)
        bench.edit(.split(Share(percent: 30)))
        #expect(bench.state.pause == .edit(by: "bob"))
        #expect(bench.state.message == "bob changed the route's weights; \"resume\" sets 10 % again")
        let entries = bench.journal.count
        bench.handle(.edited(.split(Share(percent: 30)), epoch: bench.epoch, by: "bob"))
        #expect(bench.journal.count == entries)
        // Evidence goes on at the share that there is, but nobody fights.
        bench.seconds(30, canary: 30, stable: 70, errors: 10)
        #expect(bench.setting == .split(Share(percent: 30)))
        #expect(bench.notices.filter { $0.hasPrefix("v2 is worse, and nothing is done: ") }.count == 1)
        #expect(bench.state.judge.metrics[0].canary.events == 300)
        bench.order(.resume)
        #expect(bench.setting == .split(Share(percent: 10)))
        bench.seconds(1)
        #expect(bench.state.phase == .aborted)
        #expect(bench.setting == .stable)
    }

    @Test func `an edit after the promotion is reported`() {
        var bench = Bench(.fixed())
        bench.order(.promoteFull)
        bench.edit(.split(.half))
        #expect(bench.state.phase == .promoted)
        bench.seconds(200, canary: 50, stable: 50, errors: 30)
        #expect(bench.setting == .split(.half))
        bench.order(.resume)
        #expect(bench.setting == .canary)
        bench.seconds(2, canary: 50, stable: 0, errors: 30)
        #expect(bench.state.phase == .aborted)
    }
}
