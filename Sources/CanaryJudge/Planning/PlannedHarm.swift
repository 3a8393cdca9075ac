// SPDX-License-Identifier: Apache-2.0

/// A canary that ought to be caught: how often the versions have a metric's event then.
struct PlannedHarm: Sendable, Equatable {
    let stableRate: Double
    let canaryRate: Double

    /// Worse by `ratio` than stable, and as bad as `least`. Of stable's quantiles it is known how often they are exceeded, and
    /// more than always cannot be.
    init(_ metric: Metric, stableRate: Double, ratio: Double, atLeast least: Double = 0) {
        switch metric {
        case .latency(let quantile):
            self.stableRate = 1 - quantile.part
            canaryRate = min(ratio * self.stableRate, quantile == .p50 ? 0.8 : 0.3)
        case .latencyLimit:
            canaryRate = min(ratio * max(stableRate, 0.001), 1)
            self.stableRate = max(stableRate, canaryRate / 100)
        default:
            canaryRate = min(max(ratio * stableRate, least), 1)
            // No more than the judge's largest ratio.
            self.stableRate = max(stableRate, canaryRate / 100)
        }
    }

    /// More than 1, where nothing can be worse too.
    var ratio: Double { max(canaryRate / max(stableRate, 1e-12), 1.01) }

    /// Of all requests of both versions.
    func eventRate(_ share: Share) -> Double {
        max(canaryRate * share.value + stableRate * (1 - share.value), 1e-12)
    }
}
