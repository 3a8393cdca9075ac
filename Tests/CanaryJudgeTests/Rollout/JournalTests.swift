// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryTestSupport
import Testing

@Suite struct JournalTests {
    private let order = Order(id: "1", by: "ann", reason: "é \"quoted\"\n")

    private var plan: RolloutPlan {
        var plan = RolloutPlan(
            stable: "v1",
            canary: "v2",
            steps: [
                .init(.mirror(.all), hold: .milliseconds(1500)),
                .init(.focus("testers"), waitsForResume: true),
                .init(.split(Share(1, of: 3))),
            ]
        )
        (plan.ramp, plan.hold, plan.warmUp, plan.stepDeadline) = (
            .fixed, .seconds(7), .seconds(3), .seconds(9)
        )
        plan.gates = [.init("g", abortsOnFailure: true, failureLimit: 3)]
        plan.notices = [[], [.aborted, .promoted]]
        (plan.onAbort, plan.watch, plan.takesBackAfterPromotion) = (.freeze, .seconds(77), false)
        (plan.onControllerLost, plan.group) = (ControllerLoss(after: .seconds(5), fallsBack: true), "shop")
        var rules = JudgeRules()
        (rules.alpha, rules.beta, rules.splitAlpha, rules.unit) = (0.1 + 0.2, 1.0 / 3, 0.002, .users)
        (rules.comparesErrors, rules.errorTolerance, rules.errorFloor) = (false, 1.25, nil)
        (rules.errorLimit, rules.quantiles, rules.slowdown) = (Share(percent: 2), [.p99, .p50], 1.3)
        rules.latencyFloor = 7
        rules.errorStatuses = ErrorStatuses([.status(429), .hundred(5)])
        (rules.latencyLimit, rules.watchesAnswers, rules.fineRatio) = (250, false, 1.7)
        (rules.plannedRatio, rules.plannedRate, rules.judgesMirrors) = (4, Share(percent: 3), true)
        plan.rules = rules
        return plan
    }

    private var events: [RolloutEvent] {
        var counts = ArmCounts(assigned: 9, ended: 8, errors: 7)
        counts.durations.add(3, nanoseconds: 5_000_000)
        counts.durations.add(2, nanoseconds: 700_000_000)
        (counts.users.assigned, counts.users.tried, counts.users.failed) = (5, 4, 3)
        counts.users.durations.add(4, nanoseconds: 6_000_000)
        let pair = ArmPair(canary: counts, stable: ArmCounts())
        return [
            .started(plan), .started(RolloutPlan(stable: "a", canary: "b")), .tookOver(term: 3),
            .recovered(behind: 7), .paused(.damage("lost")), .aborted(.damage("lost")),
            .watched(.milliseconds(1003), ["e1": pair, "": ArmPair()]), .watched(.zero, [:]),
            .countsLost(epoch: "e", now: pair), .proxies(came: ["a", "b"], vanished: []), .trafficStopped,
            .trafficCame, .stepBegan(4), .settingInForce(.mirror(.half), epoch: "x", counted: pair),
            .settingFailed("full"), .edited(nil, epoch: "z", by: "bob"),
            .edited(.split(.half), epoch: "z", by: "bob"), .gateAnswered("g", .passed),
            .gateAnswered("g", .failed("no")), .gateAnswered("g", .silent("late")), .splitDistrusted,
            .gatesAsked, .notified(NoticeKey(entry: 3, receiver: 1), failure: nil),
            .notified(NoticeKey(entry: 4, receiver: 0), failure: "status 500"),
            .alarmed("worse"), .paused(.order(order)), .paused(.step), .paused(.edit(by: "bob")),
            .paused(.split),
            .paused(.deadline), .paused(.frozen("worse")), .resumed(order), .promoted(nil), .promoted(order),
            .aborted(.alarm("worse")), .aborted(.gate("g", "no")), .aborted(.order(order)),
            .aborted(.group("a")),
            .retried(order), .watchEnded, .manifestChanged(by: "bob"), .manifestDeleted(by: "bob"),
        ]
    }

    @Test func `what is written is read again`() {
        for (number, event) in events.enumerated() {
            let entry = JournalEntry(number: number, wallMilliseconds: -5 + Int64(number), event: event)
            #expect(!entry.line.contains("\n"))
            #expect(JournalEntry(line: entry.line) == entry)
        }
    }

    @Test func `what is missing or unknown is no entry`() {
        for event in events {
            let entry = JournalEntry(number: 1, wallMilliseconds: 2, event: event)
            guard let node = try? JSONReader.read(entry.line), let mapping = node.mapping else { continue }
            for removed in mapping.entries where !removed.value.isNull {
                var node = node
                node.set(nil, at: removed.key)
                let read = JournalEntry(line: JSONWriter.write(node))
                #expect(read == nil || read?.event != event)
            }
        }
        for text in ["", "{}", "[]", "nonsense", #"{"entry":1,"time":2,"event":"else"}"#] {
            #expect(JournalEntry(line: text) == nil)
        }
    }

    @Test func `bytes that were changed do no harm`() {
        var random = SeededGenerator(seed: 12)
        let lines = events.map { JournalEntry(number: 1, wallMilliseconds: 0, event: $0).line }
        for _ in 0..<3000 {
            var bytes = Array(random.pick(lines).utf8)
            for _ in 0...2 {
                bytes[Int(random.next() % UInt64(bytes.count))] = random.pick(Array("0139-{}[]\",:e".utf8))
            }
            guard let entry = JournalEntry(line: String(decoding: bytes, as: UTF8.self)) else { continue }
            var state = RolloutState(plan)
            _ = state.apply(entry)
            #expect(JournalEntry(line: entry.line) == entry)
        }
    }

    @Test func `a stored journal has the state`() {
        var traffic = Traffic(seed: 77, median: 15)
        var policy = JudgePolicy(.fixed { $0.rules.latencyLimit = 40 })
        for _ in 0..<15 { policy.second(traffic.second(at: policy.share)) }
        let read = policy.journal.map(\.line).compactMap(JournalEntry.init(line:))
        #expect(read == policy.journal)
        #expect(RolloutState(replaying: read) == policy.machine.state)
    }
}
