// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What is tested: a limit ψ₀ for the ratio ψ = P(event | canary) / P(event | stable), and the ratios ψⱼ beyond it that are
/// weighed against it, each with its part πⱼ of a prior.
///
/// The evidence of an alternative is ℓ(ψⱼ) − ℓ(ψ₀) with
///
///     ℓ(ψ) = Σₖ [ cₖ ln ψ − nₖ ln(1 − wₖ + wₖψ) ]
///
/// for cₖ of nₖ events that were the canary's while its share was wₖ. Given an event, q = wψ / (1 − w + wψ) is the probability
/// that it was the canary's, so exp[ℓ(ψⱼ) − ℓ(ψ₀)] has a mean of at most 1 for every ψ on ψ₀'s side: an e-value
/// (Grünwald, de Heide, Koolen: Safe Testing, JRSS-B 2024, arXiv 1906.07801; Lindon, Malek: Anytime-Valid Inference for Multinomial
/// Count Data, NeurIPS 2022, arXiv 2011.03567, whose conjugate prior is replaced by the grid, so that shares may change).
package struct Hypothesis: Sendable, Equatable {
    /// ln ψ₀.
    package let null: Double
    /// ln ψⱼ.
    package let alternatives: [Double]
    /// ln πⱼ.
    package let logPrior: [Double]

    /// Alternatives weigh alike, unless weights are given.
    package init(null: Double, alternatives: [Double], weights: [Double]? = nil) {
        let weights = weights ?? alternatives.map { _ in 1 }
        let sum = weights.reduce(0, +)
        self.null = log(null)
        self.alternatives = alternatives.map { log($0) }
        logPrior = weights.map { log($0 / sum) }
    }

    /// ψ ≤ `tolerance`, against 20 ratios from 1.2 to 100 times as much, with a normal prior for their logarithms around ln 8 with a
    /// deviation of 1. Against equal weights that finds ratios from 3 to 20 with a tenth fewer events, and others with as many.
    package static func noWorse(than tolerance: Double = 1) -> Hypothesis {
        let ratios = spread(1.2, 100, count: 20)
        let weights = ratios.map { ratio in
            let distance = log(ratio / 8)
            return exp(-distance * distance / 2)
        }
        return Hypothesis(null: tolerance, alternatives: ratios.map { $0 * tolerance }, weights: weights)
    }

    /// ψ ≥ `ratio`, against 12 ratios from 1/1.2 to 1/20 of it: who rejects it has shown that the canary is better than that.
    package static func noBetter(than ratio: Double) -> Hypothesis {
        Hypothesis(null: ratio, alternatives: spread(1.2, 20, count: 12).map { ratio / $0 })
    }

    /// ψ = 1, against ratios on both sides.
    package static let same = Hypothesis(
        null: 1,
        alternatives: spread(1.05, 100, count: 20).flatMap { [$0, 1 / $0] }
    )

    /// From the first to the last ratio, in equal steps of their logarithms.
    static func spread(_ first: Double, _ last: Double, count: Int) -> [Double] {
        let step = log(last / first) / Double(count - 1)
        return (0..<count).map { first * exp(step * Double($0)) }
    }

    /// ln(1 − w + wψⱼ) − ln(1 − w + wψ₀): what each event costs an alternative.
    func costs(_ share: Share) -> [Double] {
        let own = Self.normalizer(share, null)
        return alternatives.map { Self.normalizer(share, $0) - own }
    }

    /// ln(1 − w + w eˢ), exact for small w and s.
    static func normalizer(_ share: Share, _ logRatio: Double) -> Double {
        log1p(share.value * expm1(logRatio))
    }

    /// ln Σⱼ πⱼ exp[ℓ(ψⱼ) − ℓ(ψ₀)].
    package func logEvidence(_ counts: [ShareCounts]) -> Double {
        var sums = logPrior
        for entry in counts where entry.share.isProper {
            let (canary, events) = (Double(entry.canary), Double(entry.events))
            for (index, cost) in costs(entry.share).enumerated() {
                sums[index] += canary * (alternatives[index] - null) - events * cost
            }
        }
        return LogSum.of(sums)
    }
}
