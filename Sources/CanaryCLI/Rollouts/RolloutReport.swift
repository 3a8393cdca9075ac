// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryStore

/// `rollout status`, for people and machines.
struct RolloutReport {
    let rollout: StoredRollout

    private var state: RolloutState { rollout.state }
    private var stepCount: Int { state.plan.steps.count }
    private var step: Int { min(state.step + 1, stepCount) }

    private var assessments: [Assessment] {
        state.judge.assessments(at: state.stepSetting.comparedShare)
    }

    // MARK: - For machines

    var node: Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("RolloutStatus"),
            "name": .string(rollout.record.name),
            "namespace": .string(rollout.record.namespace),
            "host": .string(rollout.record.host),
            "stable": .string(state.plan.stable),
            "canary": .string(state.plan.canary),
            "phase": .string(rollout.phase.rawValue),
            "attempt": .integer(Int64(state.attempt)),
            "step": .integer(Int64(step)),
            "steps": .integer(Int64(stepCount)),
            "weight": rollout.share.map { .figure($0.percent) } ?? Node(.null),
            "message": .string(rollout.message),
            "startedAt": Self.time(rollout.startedAt),
            "endedAt": rollout.endedAt.map(Self.time) ?? Node(.null),
            "analysis": .sequence(assessments.map(Self.node)),
            "metrics": .sequence(state.plan.gates.map { Self.node($0, state.gates[$0.name]) }),
        ])
    }

    /// What another source has last said, where it was asked since the step began.
    private static func node(_ gate: RolloutPlan.Gate, _ answer: GateAnswer?) -> Node {
        .mapping([
            "name": .string(gate.name),
            "good": answer.map { .bool($0 == .passed) } ?? Node(.null),
            "message": answer.map { .string("\($0)") } ?? Node(.null),
        ])
    }

    static func node(_ assessment: Assessment) -> Node {
        .mapping([
            "metric": .string("\(assessment.metric)"),
            "verdict": .string(assessment.verdict.word),
            "eValue": .figure(assessment.eValue),
            "threshold": .figure(assessment.threshold),
            "ratio": assessment.ratio.map {
                .mapping([
                    "estimate": .figure($0.estimate), "low": .figure($0.low), "high": .figure($0.high),
                ])
            } ?? Node(.null),
            "canary": node(assessment.canary),
            "stable": node(assessment.stable),
        ])
    }

    private static func node(_ arm: MetricJudge.Arm) -> Node {
        .mapping([
            "requests": .integer(Int64(clamping: arm.requests)),
            "events": .integer(Int64(clamping: arm.events)),
        ])
    }

    private static func time(_ milliseconds: Int64) -> Node {
        .string(CalendarTime(milliseconds: milliseconds).text)
    }

    // MARK: - For people

    var text: String {
        let host = HostName.short(rollout.record.host)
        let lines = ["\(rollout.record.name): \(versions) of \(host)", progress]
        let head = lines.map { TerminalText.escape($0) + "\n" }.joined()
        guard rollout.phase != .pending else { return head }
        return "\(head)\n\(Self.table(assessments).text)"
    }

    /// `v1 → v2`
    var versions: String { "\(state.plan.stable) → \(state.plan.canary)" }

    /// Where it is, and what it waits for.
    var progress: String {
        var phase = rollout.phase.rawValue
        if [.progressing, .paused].contains(rollout.phase) { phase += ", step \(step) of \(stepCount)" }
        if let setting = rollout.setting { phase += ", \(state.plan.canary) gets \(setting)" }
        if state.attempt > 1 { phase += ", attempt \(state.attempt)" }
        return "\(phase): \(rollout.message)"
    }

    static func table(_ assessments: [Assessment]) -> Table {
        var table = Table(titles: ["METRIC", "VERDICT", "E-VALUE", "RATIO", "CANARY", "STABLE"])
        for assessment in assessments {
            table.add([
                "\(assessment.metric)", assessment.words, assessment.evidence, assessment.ratioText,
                "\(assessment.canary.events) of \(assessment.canary.requests)",
                "\(assessment.stable.events) of \(assessment.stable.requests)",
            ])
        }
        return table
    }
}

extension Verdict {
    /// The word of the contract.
    fileprivate var word: String {
        switch self {
        case .worse: "worse"
        case .fine: "fine"
        case .notEnough: "notEnough"
        }
    }
}

extension Share {
    var percent: Double { Double(part) * 100 / Double(whole) }
}
