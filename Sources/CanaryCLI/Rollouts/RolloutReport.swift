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
            "phase": .string(state.phase.rawValue),
            "attempt": .integer(Int64(state.attempt)),
            "step": .integer(Int64(step)),
            "steps": .integer(Int64(stepCount)),
            "weight": rollout.share.map { .figure($0.percent) } ?? Node(.null),
            "message": .string(rollout.message),
            "startedAt": Self.time(rollout.startedAt),
            "endedAt": rollout.endedAt.map(Self.time) ?? Node(.null),
            "analysis": .sequence(assessments.map(Self.node)),
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
        guard state.phase != .pending else { return head }
        return "\(head)\n\(Self.table(assessments).text)"
    }

    /// `v1 → v2`
    var versions: String { "\(state.plan.stable) → \(state.plan.canary)" }

    /// Where it is, and what it waits for.
    var progress: String {
        var phase = state.phase.rawValue
        if [.progressing, .paused].contains(state.phase) { phase += ", step \(step) of \(stepCount)" }
        if let share = rollout.share { phase += ", \(state.plan.canary) gets \(share)" }
        if state.attempt > 1 { phase += ", attempt \(state.attempt)" }
        return "\(phase): \(rollout.message)"
    }

    static func table(_ assessments: [Assessment]) -> Table {
        var table = Table(titles: ["METRIC", "VERDICT", "E-VALUE", "RATIO", "CANARY", "STABLE"])
        for assessment in assessments {
            table.add([
                "\(assessment.metric)", assessment.verdict.sentence,
                "\(Figures.text(assessment.eValue, digits: 3)) of \(Figures.text(assessment.threshold, digits: 3))",
                assessment.ratio.map(text) ?? "-",
                "\(assessment.canary.events) of \(assessment.canary.requests)",
                "\(assessment.stable.events) of \(assessment.stable.requests)",
            ])
        }
        return table
    }

    private static func text(_ ratio: RatioInterval) -> String {
        func figure(_ value: Double) -> String { value.isFinite ? Figures.text(value, digits: 2) : "∞" }
        return "\(figure(ratio.estimate)) (\(figure(ratio.low)) to \(figure(ratio.high)))"
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

    fileprivate var sentence: String {
        switch self {
        case .worse: "worse"
        case .fine: "fine"
        case .notEnough: "not enough evidence"
        }
    }
}

extension Share {
    var percent: Double { Double(part) * 100 / Double(whole) }
}

extension JournalEntry {
    /// A line of `rollout history` and `rollout watch`; `nil` for what is of no interest to people.
    ///
    /// - Parameter state: the rollout's, behind the entry.
    func sentence(_ state: RolloutState) -> String? {
        let plan = state.plan
        switch event {
        case .started:
            let steps = plan.steps.map { "\($0.setting)" }.joined(separator: ", ")
            let ramp = plan.ramp == .fixed ? "time" : "evidence"
            return "started: \(plan.stable) → \(plan.canary) in steps of \(steps), by \(ramp)"
        case .tookOver(let term): return term > 1 ? "a controller took over" : nil
        case .watched: return nil
        case .countsLost: return "counts were lost: evidence goes on from what is left"
        case .proxies(let came, let vanished):
            let parts = [(came, "came"), (vanished, "vanished")].filter { !$0.0.isEmpty }
            return parts.map { "proxy \($0.sorted().joined(separator: ", ")) \($1)" }.joined(separator: "; ")
        case .trafficStopped: return "\(plan.canary) gets no requests"
        case .trafficCame: return "\(plan.canary) gets requests again"
        case .stepBegan(let index): return "step \(index + 1) of \(plan.steps.count): \(state.stepSetting)"
        case .settingInForce(let setting, _, _): return "\(plan.canary) gets \(setting)"
        case .settingFailed(let text): return "the route could not be set: \(text)"
        case .edited(let setting, _, let author):
            return
                "\(author) changed the route's weights\(setting.map { ": \(plan.canary) gets \($0)" } ?? "")"
        case .gateAnswered(let name, let answer): return "gate \"\(name)\": \(answer)"
        case .splitDistrusted: return "the requests are not split as declared"
        case .alarmed(let sentence): return "\(plan.canary) is worse, and nothing is done: \(sentence)"
        case .paused: return state.message
        case .resumed(let order): return "resumed \(Self.text(order))"
        case .promoted(let order): return "promoted\(order.map { " \(Self.text($0))" } ?? "")"
        case .aborted(let cause): return "aborted: \(cause)"
        case .retried(let order): return "attempt \(state.attempt) \(Self.text(order))"
        case .watchEnded: return "nobody watches \(plan.canary) any more"
        case .manifestChanged(let author): return "\(author) changed its manifest: it goes on as it was begun"
        case .manifestDeleted(let author): return "\(author) deleted it: the route stays as it is"
        }
    }

    private static func text(_ order: Order) -> String {
        "by \(order.by)\(order.reason.isEmpty ? "" : ": \(order.reason)")"
    }
}
