// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Watches what has no end for a change to the worse: an e-detector.
///
/// After each step, with y of n requests failed, Mⱼ ← (Mⱼ + 1) · Lⱼ, Lⱼ = exp[ℓ(ψⱼ) − ℓ(1)] against a limit p₀ (``EProcess`` tells how
/// that is the kernel), and M = Σ πⱼ Mⱼ: the e-SR procedure of Shin, Ramdas, Rinaldo (E-Detectors, arXiv 2203.03532).
/// As long as the rate is at most p₀, M − t is a supermartingale after t steps. So an alarm at M ≥ c comes not before c
/// steps on average, and within T steps with a probability of at most T/c (Doob). Who watches for T steps and wants α takes c = T/α.
package struct ChangeDetector: Sendable, Equatable {
    package let limit: Share
    package let threshold: Double
    package private(set) var steps = 0
    /// All steps together.
    package private(set) var totals: ShareCounts
    /// Since M was last below 2: for sentences.
    package private(set) var recent: ShareCounts
    private let hypothesis = Hypothesis.noWorse()
    private let costs: [Double]
    /// ln πⱼMⱼ.
    private var logEvidence: [Double]

    /// A false alarm within `steps` steps has a probability of at most `alpha`.
    package init(limit: Share, steps: Int, alpha: Double) {
        self.limit = limit
        threshold = Double(max(steps, 1)) / alpha
        totals = ShareCounts(share: limit, events: 0, canary: 0)
        recent = totals
        costs = hypothesis.costs(limit)
        logEvidence = hypothesis.alternatives.map { _ in -.infinity }
    }

    /// Steps without requests are none.
    package mutating func step(requests: UInt64, failures: UInt64) {
        guard requests > 0, limit.isProper else { return }
        let failures = min(failures, requests)
        steps += 1
        if logValue < log(2) { recent = ShareCounts(share: limit, events: 0, canary: 0) }
        for index in logEvidence.indices {
            logEvidence[index] =
                LogSum.of(logEvidence[index], hypothesis.logPrior[index])
                + Double(failures) * hypothesis.alternatives[index] - Double(requests) * costs[index]
        }
        for entry in [\Self.totals, \Self.recent] {
            self[keyPath: entry].events &+= requests
            self[keyPath: entry].canary &+= failures
        }
    }

    package var logValue: Double { LogSum.of(logEvidence) }
    package var isAlarmed: Bool { logValue >= log(threshold) }
    /// At most what a sentence needs.
    var exponential: Double { exp(min(logValue, 700)) }
}
