// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryStore

extension SimulationReport {
    /// Of an access log.
    ///
    /// - Parameter share: the canary's as it was declared; `nil` where it was taken from the log.
    init(_ replay: LogReplay, canary: String, share: Share?) {
        let (simulation, totals) = (replay.simulation, replay.traffic.totals)
        var judge = simulation.judge.run
        if judge.outcome == nil {
            judge.reason =
                simulation.judge.fineAfter.map {
                    "fine since \(Self.time($0)): nothing to wait for at that share"
                }
                ?? "not enough evidence"
        }
        self.init(
            head: [
                "\(replay.name): \(Self.count(UInt64(replay.reader.requests))) requests in \(Self.time(simulation.seconds))",
                Self.failures(canary, totals.canary), Self.failures("the others", totals.stable),
            ],
            canary: canary,
            rules: [
                Rules(name: "canaryctl", runs: [judge]), Rules(name: "Flagger", runs: [simulation.flagger]),
                Rules(name: "Argo Rollouts", runs: [simulation.argo]),
            ],
            assessments: simulation.judge.judge.assessments(at: simulation.judge.share),
            traffic: .mapping([
                "log": .string(replay.name),
                "lines": .integer(Int64(replay.reader.lines)),
                "requests": .integer(Int64(replay.reader.requests)),
                "others": .integer(Int64(replay.reader.others)),
                "faults": .integer(Int64(replay.reader.faultCount)),
                "start": replay.traffic.start.map {
                    .string(
                        CalendarTime(milliseconds: $0.multipliedReportingOverflow(by: 1000).partialValue).text
                    )
                } ?? Node(.null),
                "seconds": .integer(Int64(simulation.seconds)),
                "canaryRequests": .integer(Int64(clamping: totals.canary.assigned)),
                "canaryErrors": .integer(Int64(clamping: totals.canary.errors)),
                "stableRequests": .integer(Int64(clamping: totals.stable.assigned)),
                "stableErrors": .integer(Int64(clamping: totals.stable.errors)),
            ])
        )
        // The log does what others wanted: no rules set a share here.
        for index in rules.indices { rules[index].runs[0].steps = [] }
        notes = [
            share.map { "the share of \(canary) was \($0), as given" }
                ?? "the share of \(canary) is that of each minute's requests; --weight tells it better"
        ]
        if replay.reader.others > 0 {
            notes.append(
                "lines of neither version, or of no request: \(Self.count(UInt64(replay.reader.others)))"
            )
        }
    }

    private static func failures(_ name: String, _ counts: ArmCounts) -> String {
        let rate = counts.ended == 0 ? 0 : Double(counts.errors) / Double(counts.ended)
        var text = "\(name) failed \(count(counts.errors)) of \(count(counts.ended))"
        text += " (\(Figures.text(rate * 100, digits: 2)) %)"
        if let p50 = counts.durations.quantile(0.5), let p99 = counts.durations.quantile(0.99) {
            text +=
                ", p50 \(NumberText.duration(milliseconds: p50)), p99 \(NumberText.duration(milliseconds: p99))"
        }
        return text
    }
}

extension SimulationReport {
    /// Of a rollout's journal.
    init(_ replay: JournalReplay, of rollout: StoredRollout) {
        let plan = rollout.state.plan
        let attempt = rollout.state.attempt > 1 ? ", attempt \(rollout.state.attempt)" : ""
        self.init(
            head: [
                "\(rollout.record.name): \(plan.stable) → \(plan.canary) of \(HostName.short(rollout.record.host))\(attempt)",
                "in fact \(rollout.state.phase.rawValue): \(rollout.state.message)",
            ],
            canary: plan.canary,
            rules: [
                Rules(name: "canaryctl", runs: [replay.judge]),
                Rules(name: "Flagger", runs: [replay.flagger]),
                Rules(name: "Argo Rollouts", runs: [replay.argo]),
            ],
            assessments: replay.state.judge.assessments(at: replay.state.stepSetting.comparedShare),
            traffic: .mapping([
                "rollout": .string(rollout.record.name), "host": .string(rollout.record.host),
                "attempt": .integer(Int64(rollout.state.attempt)),
            ])
        )
        // The shares were the rollout's.
        for index in rules.indices.dropFirst() { rules[index].runs[0].steps = [] }
    }
}
