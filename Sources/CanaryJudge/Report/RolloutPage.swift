// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A rollout on one page, for a pull request: how it went, and why. Whatever names and reasons others chose is escaped, and nothing is
/// loaded from anywhere.
package struct RolloutPage {
    let name: String
    let host: String
    let timeline: RolloutTimeline

    /// - Parameter host: as people know it.
    package init(name: String, host: String, timeline: RolloutTimeline) {
        self.name = name
        self.host = host
        self.timeline = timeline
    }

    var state: RolloutState { timeline.state }
    var plan: RolloutPlan { state.plan }

    var assessments: [Assessment] { state.judge.assessments(at: state.stepSetting.comparedShare) }

    var title: String { "\(plan.stable) → \(plan.canary) of \(host)" }

    /// What everybody should know, as pairs of a word and its value.
    var facts: [(String, String)] {
        let totals = timeline.totals
        var facts = [
            ("Rollout", name),
            ("Steps", plan.steps.map { "\($0.setting)" }.joined(separator: ", ")),
            ("Begun", Self.time(timeline.marks.first)),
            ("Watched", timeline.seconds > 0 ? Figures.time(timeline.seconds) : "not yet"),
        ]
        if state.attempt > 1 { facts.append(("Attempt", "\(state.attempt)")) }
        facts.append((plan.stable, Self.text(totals.stable)))
        facts.append((plan.canary, Self.text(totals.canary)))
        facts.append(
            (
                "Promise",
                "if \(plan.canary) is no worse, it is taken back with a chance of at most \(Figures.text(plan.rules.alpha * 100, digits: 3)) %"
            )
        )
        return facts
    }

    static func time(_ mark: RolloutTimeline.Mark?) -> String {
        mark.map { CalendarTime(milliseconds: $0.wallMilliseconds).text } ?? "-"
    }

    /// `81,233 requests, 412 failed (0.51 %), p50 20 ms, p99 65 ms`
    static func text(_ counts: ArmCounts) -> String {
        var text = "\(counts.assigned) requests"
        if let rate = counts.errorRate {
            text += ", \(counts.errors) failed (\(Figures.text(rate * 100, digits: 2)) %)"
        }
        if let p50 = counts.durations.quantile(0.5), let p99 = counts.durations.quantile(0.99) {
            text += ", p50 \(Figures.text(p50, digits: 2)) ms, p99 \(Figures.text(p99, digits: 2)) ms"
        }
        return text
    }
}

extension Assessment {
    /// `worse`, `fine`, `not enough evidence`, `too rare to matter`.
    package var words: String {
        if isTooRare { return "too rare to matter" }
        return switch verdict {
        case .worse: "worse"
        case .fine: "fine"
        case .notEnough: "not enough evidence"
        }
    }

    /// `0.8 of 125`
    package var evidence: String {
        "\(Figures.text(eValue, digits: 3)) of \(Figures.text(threshold, digits: 3))"
    }

    /// `1.1 (0.4 to 3)`; `-` without events.
    package var ratioText: String {
        guard let ratio else { return "-" }
        func figure(_ value: Double) -> String { value.isFinite ? Figures.text(value, digits: 2) : "∞" }
        return "\(figure(ratio.estimate)) (\(figure(ratio.low)) to \(figure(ratio.high)))"
    }
}
