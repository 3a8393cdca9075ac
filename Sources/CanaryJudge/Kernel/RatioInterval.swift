// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How many times as often the canary has an event as stable: an estimate, and bounds that hold at all times together.
///
/// The bounds are {ψ : ℓ(ψ) ≥ ln(αM)}, M = Σ πⱼ exp ℓ(e^sⱼ) with a prior on s = ln ψ: M / exp ℓ is an e-process for its ψ, so
/// that by Ville's inequality the true, constant ratio is left out at any time with a probability of at most α (Robbins 1970;
/// Howard, Ramdas, McAuliffe, Sekhon: Time-Uniform Confidence Sequences, Ann. Stat. 2021, arXiv 1810.08240). ℓ is concave in s,
/// so they are one interval.
package struct RatioInterval: Sendable, Equatable {
    /// The most likely ratio; 0 or ∞ where all events are one arm's.
    package var estimate: Double
    package var low: Double
    package var high: Double

    private static let reach = 40.0

    /// `nil` without any event. The prior is normal around ψ = 1, unless that of a hypothesis is given: then what has rejected the
    /// hypothesis with the same counts and α is outside of the bounds.
    package init?(_ counts: [ShareCounts], alpha: Double, prior: Hypothesis? = nil) {
        let counts = counts.filter { $0.share.isProper }
        let (events, canary) = (counts.events, counts.canary)
        guard events > 0, alpha > 0, alpha < 1 else { return nil }
        let mixture = prior.map { $0.logEvidence(counts) + Self.logRatio(counts, $0.null) }
        let threshold = log(alpha) + (mixture ?? Self.logMixture(counts))
        let top = Self.mostLikely(counts)
        estimate = canary == 0 ? 0 : canary == events ? .infinity : exp(top)
        low =
            canary == 0
            ? 0 : exp(Self.bisect(-Self.reach, top) { Self.logRatio(counts, $0) >= threshold })
        high =
            canary == events
            ? .infinity : exp(Self.bisect(Self.reach, top) { Self.logRatio(counts, $0) >= threshold })
    }

    /// ℓ(eˢ).
    private static func logRatio(_ counts: [ShareCounts], _ s: Double) -> Double {
        counts.reduce(0) {
            $0 + Double($1.canary) * s - Double($1.events) * Hypothesis.normalizer($1.share, s)
        }
    }

    /// ln M with s from N(0, 1), on 121 points from −6 to 6. A grid does not weaken the bounds, it only makes them a little wider.
    private static func logMixture(_ counts: [ShareCounts]) -> Double {
        let points = (-60...60).map { Double($0) / 10 }
        let norm = LogSum.of(points.map { -$0 * $0 / 2 })
        return LogSum.of(points.map { -$0 * $0 / 2 - norm + logRatio(counts, $0) })
    }

    /// Where Σ nₖ qₖ(s) = Σ cₖ.
    private static func mostLikely(_ counts: [ShareCounts]) -> Double {
        let canary = Double(counts.canary)
        return bisect(reach, -reach) { s in
            let expected = counts.reduce(0.0) { sum, entry in
                let odds = entry.share.value * exp(s)
                return sum + Double(entry.events) * odds / (1 - entry.share.value + odds)
            }
            return expected <= canary
        }
    }

    /// The point between `outside`, where the condition does not hold, and `inside`, where it does, from which on it holds.
    private static func bisect(_ outside: Double, _ inside: Double, holds: (Double) -> Bool) -> Double {
        var (outside, inside) = (outside, inside)
        guard !holds(outside) else { return outside }
        for _ in 0..<60 {
            let middle = (outside + inside) / 2
            if holds(middle) { inside = middle } else { outside = middle }
        }
        return inside
    }
}
