// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc

/// Judges a canary by what was counted of it and of stable.
///
/// Its promise: if the canary is no worse than stable, the chance that this judge ever alarms is at most α. It holds for requests
/// that were assigned at random with a known share (the proxy's independent draws), for first attempts, and with
/// sticky traffic for what is counted of users once, after both versions have had the time to answer. It does not say that every regression is found: ``DetectionPlan`` tells what is.
package struct Judge: Sendable, Equatable {
    /// From this e-value on a share does not grow: without a difference it is reached in a third of all rollouts at most.
    static let suspicion = 3.0

    package let rules: JudgeRules
    package private(set) var metrics: [MetricJudge]
    /// All requests, against the declared share.
    package private(set) var split: EProcess
    private var reference = LatencyReference()
    private var late = LateAnswers()

    package init(_ rules: JudgeRules) {
        self.rules = rules
        metrics = rules.metrics.map { MetricJudge($0, rules) }
        split = EProcess(.same, repeatsDraws: rules.unit == .users)
    }

    /// Looks at what came since the last look. While the canary warms up its slowness counts for nothing.
    package mutating func add(_ growth: EvidenceGrowth, isWarm: Bool = true) {
        let limits = Slowness(reference, rules)
        let unit = growth.assignment.isDrawn ? rules.unit : .requests
        let (canary, stable) = (Draws(growth.canary, of: unit), Draws(growth.stable, of: unit))
        for index in metrics.indices {
            guard let arms = arms(of: metrics[index].metric, canary, stable, limits, isWarm) else { continue }
            metrics[index].add(growth.assignment, canary: arms.canary, stable: arms.stable)
        }
        late.add(growth.assignment, ended: stable.ended)
        if case .split(let share) = growth.assignment {
            let assigned = canary.assigned &+ stable.assigned
            split.add(ShareCounts(share: share, events: assigned, canary: canary.assigned))
        }
        reference.add(growth.stable.durations)
    }

    /// Lets time pass, for what is waited for.
    package mutating func pass(_ time: Duration) {
        for (assignment, ended) in late.pass(time) {
            guard let index = metrics.firstIndex(where: { $0.metric == .answers }) else { continue }
            let stable = MetricJudge.Arm(requests: ended, events: ended)
            metrics[index].add(assignment, canary: MetricJudge.Arm(), stable: stable)
        }
    }

    /// Looks for changes from here on, too: each minute. Not of users: those that were counted are not counted again, and a version on
    /// which errors come late would have more users left.
    package mutating func beginSegment() {
        guard rules.unit == .requests else { return }
        late = LateAnswers()
        for index in metrics.indices { metrics[index].beginSegment() }
    }

    /// Users are counted anew, by proxies that have a new setting of the route or none of the former ones.
    package mutating func beginDraws() {
        guard rules.unit == .users else { return }
        late = LateAnswers()
        split.beginSegment()
        for index in metrics.indices { metrics[index].beginSegment() }
    }

    /// What is asked of a step is asked of each anew.
    package mutating func beginStep() {
        beginSegment()
        for index in metrics.indices { metrics[index].beginStep() }
    }

    private func arms(
        of metric: Metric,
        _ canary: Draws,
        _ stable: Draws,
        _ slowness: Slowness,
        _ isWarm: Bool
    ) -> (canary: MetricJudge.Arm, stable: MetricJudge.Arm)? {
        switch metric {
        case .errors, .errorLimit:
            return (
                MetricJudge.Arm(requests: canary.tried, events: canary.errors),
                MetricJudge.Arm(requests: stable.tried, events: stable.errors)
            )
        case .answers:
            return (MetricJudge.Arm(requests: canary.ended, events: canary.ended), MetricJudge.Arm())
        case .latency, .latencyLimit:
            guard isWarm, let limit = slowness.limits[metric] else { return nil }
            return (canary.durations.arm(behind: limit.canary), stable.durations.arm(behind: limit.stable))
        }
    }

    // MARK: - Verdicts

    /// The metric with the strongest evidence of those that are worse.
    package var alarm: MetricJudge? {
        metrics.filter(\.isWorse).max { $0.logEvidence + log($0.alpha) < $1.logEvidence + log($1.alpha) }
    }

    /// Whether evidence of harm grows, in one metric or in all together.
    package var isSuspicious: Bool { metrics.reduce(0) { $0 + $1.weightedEvidence } > Self.suspicion }

    /// Whether the split is not what was declared: then nothing that follows from it can be trusted.
    package var isSplitWrong: Bool { split.logValue >= -log(rules.splitAlpha) }

    /// Worse if one metric says so, fine if all do.
    package func verdict(at share: Share) -> Verdict {
        var verdict = Verdict.fine(.proved)
        for metric in metrics {
            let own = metric.verdict(at: share)
            switch (own, verdict) {
            case (.worse, _): return .worse
            case (.notEnough(let more), .notEnough(let others)):
                verdict = .notEnough(requests: more.flatMap { one in others.map { max(one, $0) } })
            case (.notEnough, _): verdict = own
            case (.fine(.sampled), .fine): verdict = own
            default: break
            }
        }
        return verdict
    }
}

/// From which bucket on a request is slow, by metric and arm. The canary may take longer than stable by the tolerance.
private struct Slowness {
    var limits: [Metric: (canary: Int, stable: Int)] = [:]

    init(_ reference: LatencyReference, _ rules: JudgeRules) {
        for quantile in rules.quantiles {
            guard let bucket = reference.bucket(quantile) else { continue }
            limits[.latency(quantile)] = (rules.tolerated(bucket), bucket)
        }
        if let milliseconds = rules.latencyLimit {
            let bucket = DurationHistogram.bucket(nanoseconds: UInt64(max(milliseconds, 0)) &* 1_000_000)
            limits[.latencyLimit(milliseconds: milliseconds)] = (bucket, bucket)
        }
    }
}

extension DurationHistogram {
    fileprivate func arm(behind bucket: Int) -> MetricJudge.Arm {
        MetricJudge.Arm(requests: total, events: count(behind: bucket))
    }
}
