// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc

/// What the judge says of one metric, for status pages.
package struct Assessment: Sendable, Equatable {
    package var metric: Metric
    package var verdict: Verdict
    /// At most what a `Double` holds.
    package var eValue: Double
    /// The alarm is at this e-value.
    package var threshold: Double
    /// `nil` without events, and for limits.
    package var ratio: RatioInterval?
    package var canary: MetricJudge.Arm
    package var stable: MetricJudge.Arm
    /// Whether the canary is worse, and too seldom to be taken back for it.
    package var isTooRare = false
}

extension Judge {
    /// Of every metric, in their order.
    package func assessments(at share: Share) -> [Assessment] {
        metrics.map { metric in
            Assessment(
                metric: metric.metric,
                verdict: metric.verdict(at: share),
                eValue: min(exp(metric.logEvidence), .greatestFiniteMagnitude),
                threshold: metric.threshold,
                ratio: metric.metric.isCompared ? metric.ratio(alpha: rules.alpha) : nil,
                canary: metric.canary,
                stable: metric.stable,
                isTooRare: metric.isTooRare
            )
        }
    }

    /// Why a metric alarms, with its numbers: `14 canary errors, 3.1 expected at 10 %; E = 137 ≥ 100; v2 fails at least 1.9 times
    /// as often, 99 %`.
    package func sentence(_ metric: MetricJudge, canary version: String) -> String {
        let value = exp(min(metric.logEvidence, 700))
        let threshold = Figures.text(metric.threshold, digits: 3)
        let sign = metric.isWorse ? "≥" : "<"
        var parts = [counts(metric), "E = \(Figures.text(value, digits: 3)) \(sign) \(threshold)"]
        if let bound = bound(metric, version) { parts.append(bound) }
        return parts.joined(separator: "; ")
    }

    private func counts(_ metric: MetricJudge) -> String {
        if case .errorLimit(let limit) = metric.metric {
            return
                "\(metric.canary.events) of \(metric.canary.requests) canary requests failed, \(limit) allowed"
        }
        let counts = metric.process.leadingStart.counts
        guard !counts.isEmpty else {
            return
                "\(metric.canary.events) of \(metric.canary.requests) mirrored requests \(metric.metric.happened)"
                + ", \(metric.stable.events) of \(metric.stable.requests) of the stable version's"
        }
        let shares = counts.map(\.share).sorted()
        let at = shares.count == 1 ? "\(shares[0])" : "\(shares[0]) to \(shares[shares.count - 1])"
        // Of a user only the first event counts.
        let kind = metric.metric.events + statuses(of: metric.metric)
        let events = rules.unit == .users ? "users with \(kind)" : kind
        return "\(counts.canary) canary \(events), \(expected(counts)) expected at \(at)"
    }

    /// Which answers are errors, where it is not the usual ones: ` (429, 5xx)`.
    private func statuses(of metric: Metric) -> String {
        guard metric == .errors, rules.errorStatuses != .usual else { return "" }
        return " (\(rules.errorStatuses.entries.map(\.description).joined(separator: ", ")))"
    }

    private func expected(_ counts: [ShareCounts]) -> String {
        Figures.text((counts.expected * 10).rounded() / 10, digits: counts.expected < 100 ? 3 : 4)
    }

    private func bound(_ metric: MetricJudge, _ version: String) -> String? {
        guard metric.metric.isCompared, let ratio = metric.harm(alpha: rules.alpha) else { return nil }
        let confidence = "\(Figures.text(100 * (1 - rules.alpha), digits: 4)) %"
        if metric.metric == .answers {
            guard ratio.high < 1 else { return nil }
            return
                "\(version) answers at most \(Figures.text(ratio.high, digits: 2)) times as often, \(confidence)"
        }
        let low = (ratio.low * 10).rounded(.down) / 10
        guard low > 1 else { return nil }
        let times = Figures.text(low, digits: 3)
        return "\(version) \(metric.metric.verb) at least \(times) times as often, \(confidence)"
    }
}

extension Metric {
    fileprivate var events: String {
        switch self {
        case .errors, .errorLimit: "errors"
        case .latency(let quantile): "requests slower than the stable version's \(quantile)"
        case .latencyLimit(let milliseconds): "requests slower than \(milliseconds) ms"
        case .answers: "answers"
        }
    }

    fileprivate var happened: String {
        switch self {
        case .errors, .errorLimit: "failed"
        case .latency, .latencyLimit: "were slow"
        case .answers: "were answered"
        }
    }

    fileprivate var verb: String {
        switch self {
        case .errors, .errorLimit: "fails"
        case .latency, .latencyLimit: "is slow"
        case .answers: "answers"
        }
    }
}
