// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import Testing

@Suite struct RolloutTests {
    @Test func `steps by the clock end with the promotion and the watch`() {
        var bench = Bench(.fixed { $0.watch = .seconds(30) })
        #expect(bench.setting == .split(Share(percent: 10)))
        #expect(bench.state.phase == .progressing)
        bench.seconds(9)
        #expect(bench.state.step == 0)
        bench.seconds(1)
        #expect(bench.setting == .split(Share(percent: 50)))
        bench.seconds(10, canary: 50, stable: 50)
        #expect(bench.setting == .canary)
        #expect(bench.state.phase == .promoted)
        #expect(bench.state.message == "v2 has all traffic; v1 stays ready for 30 s")
        bench.seconds(30, canary: 100, stable: 0)
        #expect(bench.state.isWatchOver)
        #expect(bench.state.message == "v2 has all traffic")
        bench.order(.undo)
        #expect(bench.refusal == "it ended, and the time to go back is over")
    }

    @Test func `a failing canary is taken back with a sentence`() throws {
        var bench = Bench(.test())
        bench.seconds(20, errors: 1)
        #expect(bench.state.phase == .aborted)
        #expect(bench.setting == .stable)
        #expect(bench.state.wanted == nil)
        #expect(bench.state.message.contains(" canary errors, "))
        #expect(bench.state.message.contains(" expected at 10 %; E = "))
        #expect(bench.notices.last == "v2 is taken back: \(bench.state.message)")
        let entries = bench.journal.count
        bench.seconds(20, errors: 1)
        #expect(bench.journal.count == entries)
    }

    @Test func `evidence moves the steps`() {
        var bench = Bench(.test([10, 100]))
        bench.seconds(5, canary: 1000, stable: 9000)
        #expect(bench.state.step == 0)
        #expect(bench.state.message.hasPrefix("waiting for evidence: about "))
        bench.wait(milliseconds: 1000)
        // Durations are missing: the quantiles never become fine.
        #expect(bench.state.phase == .progressing)

        bench = Bench(
            .test([10, 100]) { plan in
                (plan.rules.quantiles, plan.rules.watchesAnswers) = ([], false)
            }
        )
        bench.seconds(4, canary: 1000, stable: 9000)
        #expect(bench.state.step == 0)
        bench.seconds(2, canary: 1000, stable: 9000)
        #expect(bench.state.phase == .promoted)
    }

    @Test func `harm in sight holds the step by the clock, too`() {
        var bench = Bench(.fixed())
        bench.seconds(2, errors: 1)
        bench.seconds(20)
        #expect(bench.state.step == 0)
        #expect(bench.state.message == "holding: evidence of harm grows")
        #expect(bench.state.phase == .progressing)
    }

    @Test func `what is too rare to be taken back for holds no step`() {
        for ramp in [RolloutPlan.Ramp.fixed, .evidence] {
            var bench = Bench(
                .fixed { plan in
                    plan.ramp = ramp
                    plan.rules.quantiles = []
                }
            )
            // One request in 5000 fails, of the canary's alone: the floor is one in a thousand.
            for _ in 0..<14 where bench.state.step == 0 {
                bench.seconds(1, canary: 5000, stable: 45_000, errors: 1)
            }
            #expect(bench.state.step == 1, "\(bench.state.message)")
            #expect(bench.state.judge.metrics[0].logEvidence > 6)

            // At ten times the floor they hold the step until they take the canary back.
            bench = Bench(.fixed { $0.ramp = ramp })
            for _ in 0..<10 where bench.state.phase == .progressing {
                bench.seconds(1, canary: 100, stable: 900, errors: 1)
                #expect(bench.state.step == 0)
            }
            #expect(bench.state.phase == .aborted)
        }
    }

    @Test func `without traffic nothing moves and nothing is taken back`() {
        for plan in [RolloutPlan.fixed(), .test()] {
            var bench = Bench(plan)
            for _ in 0..<300 { bench.second() }
            #expect(bench.state.step == 0)
            #expect(bench.state.phase == .progressing)
            #expect(bench.notices == ["v2 gets no requests"])
            #expect(bench.state.message == "v2 gets no requests")
            bench.seconds(2)
            #expect(bench.journal.map(\.event).contains(.trafficCame))
            #expect(bench.state.message != "v2 gets no requests")
        }
    }

    @Test func `a step that takes too long pauses`() {
        var bench = Bench(.test { $0.stepDeadline = .seconds(20) })
        bench.seconds(19)
        #expect(bench.state.phase == .progressing)
        bench.seconds(1)
        #expect(bench.state.pause == .deadline)
        bench.order(.resume)
        bench.seconds(19)
        #expect(bench.state.phase == .progressing)
    }

    @Test func `a mirror is judged before any user sees the canary`() {
        var plan = RolloutPlan.test([10, 100])
        plan.steps.insert(.init(.mirror(.all), hold: .seconds(5)), at: 0)
        plan.rules.quantiles = []
        var bench = Bench(plan)
        #expect(bench.setting == .mirror(.all))
        bench.seconds(40, canary: 100, stable: 100, errors: 10)
        #expect(bench.state.phase == .aborted)
        #expect(bench.state.message.contains(" mirrored requests failed, 0 of "))

        bench = Bench(plan)
        bench.seconds(20, canary: 1000, stable: 1000)
        #expect(bench.setting == .split(Share(percent: 10)))
    }

    @Test func `who matches a condition is only held to limits`() {
        var plan = RolloutPlan.test([10, 100])
        plan.steps.insert(.init(.focus("testers"), hold: .seconds(5)), at: 0)
        var bench = Bench(plan)
        bench.seconds(5, canary: 10, stable: 90, errors: 5)
        #expect(bench.setting == .split(Share(percent: 10)))
        plan.rules.errorLimit = Share(percent: 1)
        bench = Bench(plan)
        bench.seconds(5, canary: 10, stable: 90, errors: 5)
        #expect(bench.state.phase == .aborted)
    }

    @Test func `a step that waits for a person is judged on`() {
        var plan = RolloutPlan.fixed()
        plan.steps[0].waitsForResume = true
        var bench = Bench(plan)
        bench.seconds(30)
        #expect(bench.state.pause == .step)
        #expect(bench.state.message == "step 1 is done and waits for \"resume\"")
        bench.order(.resume)
        bench.seconds(1)
        #expect(bench.state.step == 1)

        bench = Bench(plan)
        bench.seconds(30)
        bench.seconds(10, errors: 3)
        #expect(bench.state.phase == .aborted)
    }

    @Test func `after the promotion harm is still taken back`() {
        for takesBack in [true, false] {
            var bench = Bench(.fixed { $0.takesBackAfterPromotion = takesBack })
            bench.order(.promoteFull, reason: "it is Friday")
            #expect(bench.setting == .canary)
            bench.seconds(100, canary: 100, stable: 0, errors: 0)
            bench.seconds(30, canary: 100, stable: 0, errors: 20)
            #expect(bench.state.phase == (takesBack ? .aborted : .promoted))
            let sentence = takesBack ? bench.state.message : bench.notices.last ?? ""
            #expect(sentence.contains(" requests failed after the promotion, "))
            bench.order(.undo)
            #expect(bench.setting == .stable)
        }
    }

    @Test func `where going back would do harm it stops`() {
        var bench = Bench(.test { $0.onAbort = .freeze })
        bench.seconds(30, errors: 1)
        #expect(bench.state.phase == .paused)
        #expect(bench.setting == .split(Share(percent: 10)))
        #expect(bench.notices.count == 1)
        bench.order(.abort)
        #expect(bench.setting == .stable)
    }

    @Test func `a wrong split pauses once`() {
        var bench = Bench(.test())
        bench.seconds(20, canary: 50, stable: 50)
        #expect(bench.state.pause == .split)
        bench.order(.resume)
        bench.seconds(20, canary: 50, stable: 50)
        #expect(bench.state.phase == .progressing)
    }

    @Test func `gates hold a step and may abort, and never hold an abort`() {
        var bench = Bench(
            .fixed { $0.gates = [.init("smoke"), .init("budget", abortsOnFailure: true)] }
        )
        // What was good before the step was done otherwise does not count for the next one.
        bench.handle(.gate("smoke", .passed))
        bench.handle(.gate("budget", .passed))
        bench.seconds(30)
        #expect(bench.state.step == 0 && bench.state.isAskingGates)
        #expect(bench.state.message == "waiting for metric \"smoke\"")
        bench.handle(.gate("smoke", .silent("no answer for 10 s")))
        bench.handle(.gate("budget", .passed))
        bench.handle(.gate("nobody's", .failed("x")))
        bench.seconds(30)
        #expect(bench.state.step == 0)
        #expect(
            bench.state.message == "waiting for metric \"smoke\", which does not answer: no answer for 10 s"
        )
        bench.handle(.gate("smoke", .passed))
        bench.seconds(1)
        #expect(bench.state.step == 1 && !bench.state.isAskingGates)
        // Each step asks anew.
        bench.seconds(20, canary: 50, stable: 50)
        #expect(bench.state.step == 1)
        bench.handle(.gate("budget", .failed("spent")))
        #expect(bench.state.message == "metric \"budget\" failed: spent")
        #expect(bench.setting == .stable)

        bench = Bench(.fixed { $0.gates = [.init("smoke")] })
        bench.seconds(30, errors: 2)
        #expect(bench.state.phase == .aborted)
    }

    @Test func `so many failures in a row are put up with`() {
        var bench = Bench(
            .fixed { $0.gates = [.init("budget", abortsOnFailure: true, failureLimit: 2)] }
        )
        bench.seconds(1)
        // A good answer begins anew, and silence is neither.
        let answers: [GateAnswer] = [
            .failed("a"), .failed("a"), .passed, .failed("a"), .silent("b"), .silent("b"), .failed("a"),
        ]
        for answer in answers { bench.handle(.gate("budget", answer)) }
        #expect(bench.state.phase == .progressing)
        bench.handle(.gate("budget", .failed("a")))
        #expect(bench.state.phase == .aborted)
    }

    @Test func `what somebody is to be told waits until it is, also behind the end`() throws {
        var bench = Bench(.fixed { $0.notices = [[.stepped, .aborted], [.aborted, .started]] })
        bench.seconds(1)
        #expect(bench.state.notices.map(\.event) == [.started, .stepped])
        let stepped = try #require(bench.state.notices.first { $0.event == .stepped })
        #expect(stepped.key.receiver == 0 && stepped.sentence.hasPrefix("step 1 of "))
        bench.handle(.notified(stepped.key, failure: nil))
        bench.order(.abort)
        #expect(bench.state.notices.map(\.event) == [.started, .aborted, .aborted])
        #expect(RolloutState(replaying: bench.journal) == bench.state)
        for notice in bench.state.notices { bench.handle(.notified(notice.key, failure: "nobody there")) }
        let count = bench.journal.count
        bench.handle(.notified(stepped.key, failure: nil))
        #expect(bench.state.notices.isEmpty && bench.journal.count == count)
    }

    @Test func `proxies do what they are told to when nobody watches`() {
        let setting = RouteSetting.split(Share(percent: 10))
        let loss = ControllerLoss(after: .seconds(30), fallsBack: true)
        #expect(loss.setting(setting, silence: .seconds(29)) == setting)
        #expect(loss.setting(setting, silence: .seconds(30)) == .stable)
        #expect(ControllerLoss().setting(setting, silence: .seconds(1000)) == setting)
    }
}
