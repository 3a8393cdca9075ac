// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How many events it takes until an alarm, nearly and at once: ``DetectionTime`` is exact and takes longer.
///
/// Each event moves ln E by ln ψ − L if it is the canary's and by −L if not, L = ln(1 − w + wψ): by
/// KL(q‖w) = q ln(q/w) + (1−q) ln((1−q)/(1−w)) on average, with a deviation of √(q(1−q)) ln ψ. The way to go is ln(1/α) and what the
/// mixture over ratios and start points costs. (Wald: Sequential Analysis, 1947.)
package struct DetectionEstimate: Sendable, Equatable {
    /// What not knowing the ratio costs, in nats: fits ``DetectionTime`` for shares of 1 to 50 % and ratios from 1.5 to 100.
    private static let mixtureCost = 1.4

    package var mean: Double
    /// Nine of ten cases take no longer.
    package var ninetieth: Double

    package init(share: Share, ratio: Double, alpha: Double) {
        let w = share.value
        let odds = w * ratio
        let q = odds / (1 - w + odds)
        let drift = q * log(ratio) - log1p(w * (ratio - 1))
        let deviation = (q * (1 - q)).squareRoot() * log(ratio)
        let way = -log(alpha) + Self.mixtureCost
        mean = way / drift
        // n · drift − 1.28 √n · deviation = way, for √n.
        let slack = 1.2816 * deviation
        let root = (slack + (slack * slack + 4 * drift * way).squareRoot()) / (2 * drift)
        ninetieth = root * root
    }
}
