// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// How a rollout is judged; part of its journal, since verdicts follow from it and the counts.
package struct JudgeRules: Sendable, Equatable {
    /// Who is counted. With sticky traffic the requests of a user go the same way, so that only one of them is a draw:
    /// then each user counts once for each setting of the route, by ``UserCounts``.
    package enum Unit: Sendable, Equatable {
        case requests
        case users
    }

    /// The probability that a canary that is no worse is ever taken back.
    package var alpha = 0.01
    /// The probability of a wrong "proved fine".
    package var beta = 0.05
    /// Of a report that the split is not what it should be.
    package var splitAlpha = 0.001
    package var unit = Unit.requests

    /// Whether errors are compared.
    package var comparesErrors = true
    /// The answers that are errors.
    package var errorStatuses = ErrorStatuses.usual
    /// How many times as many errors as stable's are accepted.
    package var errorTolerance = 1.0
    /// A canary that fails less often than this is never taken back for its errors, however good stable is.
    package var errorFloor: Share? = Share(millionths: 1000)
    package var errorLimit: Share?

    package var quantiles = LatencyQuantile.allCases
    /// How many times as long as stable the canary may take.
    package var slowdown = 1.1
    /// By how much longer than stable the canary may take in any case, in milliseconds. Versions that are the same differ by less:
    /// the one with less traffic has colder caches and connections.
    package var latencyFloor = 5
    /// A fixed time that requests should not take, in milliseconds.
    package var latencyLimit: Int?
    /// Whether it matters that requests of the canary do not end.
    package var watchesAnswers = true

    /// A canary that is less than so many times as bad is fine.
    package var fineRatio = 2.0
    /// A canary that is so many times as bad should be caught within a step, if it fails so many of its requests at least.
    package var plannedRatio = 5.0
    package var plannedRate = Share(percent: 2)
    /// Whether some steps judge copies of a mirror.
    package var judgesMirrors = false

    package init() {}

    /// In the order in which they are shown.
    package var metrics: [Metric] {
        var metrics: [Metric] = comparesErrors ? [.errors] : []
        if let errorLimit { metrics.append(.errorLimit(errorLimit)) }
        metrics += quantiles.sorted().map(Metric.latency)
        if let latencyLimit { metrics.append(.latencyLimit(milliseconds: latencyLimit)) }
        if watchesAnswers { metrics.append(.answers) }
        return metrics
    }

    /// The metric's part of `alpha`. Nine tenths of it are for errors, the most certain sign, and the rest alike for the others; by
    /// Bonferroni's inequality all of them together alarm falsely with `alpha` at most.
    package func alpha(of metric: Metric) -> Double {
        let metrics = metrics
        guard metrics.contains(.errors) else { return alpha / Double(max(metrics.count, 1)) }
        guard metrics.count > 1 else { return alpha }
        return metric == .errors ? alpha * 0.9 : alpha * 0.1 / Double(metrics.count - 1)
    }
}
