// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Evidence that the canary's rate is higher, from counts of two arms that were not drawn against each other: copies of a mirror,
/// or numbers of another system.
///
/// Each look is a block with nS and nC requests and yS and yC events. From earlier blocks come stable's rate θS and
/// θC = min(ψθS, 1), and θ₀ = (nSθS + nCθC)/(nS + nC):
///
///     e(ψ) = θS^yS (1−θS)^(nS−yS) θC^yC (1−θC)^(nC−yC) / [θ₀^(yS+yC) (1−θ₀)^(nS+nC−yS−yC)],   E = Σ πψ Π e(ψ)
///
/// (Turner, Ly, Grünwald: Generic E-Variables for Exact Sequential k-Sample Tests, JSPI 2024, arXiv 2106.02693.) It is exact for any
/// common rate, which may be another in each block, and since θC ≥ θS for a canary that is better, too. Outcomes within
/// a block must be independent, which the draw of ``EProcess`` does not ask for.
package struct BlockProcess: Sendable, Equatable {
    package private(set) var stable = (requests: UInt64(0), events: UInt64(0))
    package private(set) var canary = (requests: UInt64(0), events: UInt64(0))
    private let ratios: [Double]
    /// ln πψ Π e(ψ).
    private var logEvidence: [Double]

    package init(tolerance: Double = 1) {
        ratios = Hypothesis.spread(1.2, 100, count: 20).map { $0 * tolerance }
        logEvidence = ratios.map { _ in -log(Double(20)) }
    }

    /// Events are at most as many as requests.
    package mutating func add(
        stable requests: UInt64,
        _ events: UInt64,
        canary canaryRequests: UInt64,
        _ canaryEvents: UInt64
    ) {
        let (events, canaryEvents) = (min(events, requests), min(canaryEvents, canaryRequests))
        // One in twenty of two requests that never were, until there are real ones.
        let rate = (Double(stable.events) + 0.1) / (Double(stable.requests) + 2)
        if requests > 0, canaryRequests > 0 {
            for (index, ratio) in ratios.enumerated() {
                logEvidence[index] += Self.logFactor(
                    stable: (Double(requests), Double(events)),
                    canary: (Double(canaryRequests), Double(canaryEvents)),
                    rates: (rate, min(ratio * rate, 1 - 1e-9))
                )
            }
        }
        stable = (stable.requests &+ requests, stable.events &+ events)
        canary = (canary.requests &+ canaryRequests, canary.events &+ canaryEvents)
    }

    package var logValue: Double { LogSum.of(logEvidence) }

    private static func logFactor(
        stable: (requests: Double, events: Double),
        canary: (requests: Double, events: Double),
        rates: (stable: Double, canary: Double)
    ) -> Double {
        let requests = stable.requests + canary.requests
        let common = (stable.requests * rates.stable + canary.requests * rates.canary) / requests
        return logLikelihood(stable, rates.stable) + logLikelihood(canary, rates.canary)
            - logLikelihood((requests, stable.events + canary.events), common)
    }

    private static func logLikelihood(_ counts: (requests: Double, events: Double), _ rate: Double) -> Double
    {
        counts.events * log(rate) + (counts.requests - counts.events) * log1p(-rate)
    }

    package static func == (left: BlockProcess, right: BlockProcess) -> Bool {
        left.stable == right.stable && left.canary == right.canary && left.ratios == right.ratios
            && left.logEvidence == right.logEvidence
    }
}
