// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc

/// How long and with which seed the simulations run. `CANARYCTL_JUDGE_RUNS` multiplies them, `CANARYCTL_JUDGE_SEED` draws others.
enum Simulations {
    static let factor = setting("CANARYCTL_JUDGE_RUNS", 1)
    static let seed = UInt64(setting("CANARYCTL_JUDGE_SEED", 1))

    private static func setting(_ name: String, _ usual: Int) -> Int {
        getenv(name).flatMap { Int(String(cString: $0)) } ?? usual
    }

    /// The most alarms in so many runs that a probability of at most `alpha` explains: more come about once in a million times.
    static func most(alpha: Double, runs: Int) -> Int {
        var term = exp(Double(runs) * log1p(-alpha))
        var sum = term
        var count = 0
        while sum < 1 - 1e-6, count < runs {
            term *= Double(runs - count) / Double(count + 1) * alpha / (1 - alpha)
            count += 1
            sum += term
        }
        return count
    }
}

extension SeededGenerator {
    /// In [0, 1).
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func happens(_ probability: Double) -> Bool { uniform() < probability }

    /// How many of `count` happen. Walks from success to success, which is fast where they are rare.
    mutating func binomial(_ count: UInt64, _ probability: Double) -> UInt64 {
        guard probability > 0, count > 0 else { return 0 }
        guard probability <= 0.5 else { return count - binomial(count, 1 - probability) }
        let step = log1p(-probability)
        var (position, hits) = (0.0, UInt64(0))
        while true {
            position += floor(log(1 - uniform()) / step) + 1
            guard position <= Double(count) else { return hits }
            hits += 1
        }
    }
}
