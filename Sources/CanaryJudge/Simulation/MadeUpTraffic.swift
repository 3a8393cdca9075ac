// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc

/// Requests that never were, a second at a time, drawn to the versions as proxies do.
package struct MadeUpTraffic<Random: RandomNumberGenerator & Sendable>: Sendable {
    package struct Version: Sendable, Equatable {
        /// The part of its requests that fails.
        package var errorRate: Double
        /// Milliseconds, lognormal around this median; `nil` leaves durations out, which is faster.
        package var median: Double?
        /// The part of its requests that takes ten times as long.
        package var slowPart = 0.0

        package init(errorRate: Double, median: Double? = nil, slowPart: Double = 0) {
            self.errorRate = errorRate
            self.median = median
            self.slowPart = slowPart
        }
    }

    package var requestsPerSecond: Double
    package var stable: Version
    package var canary: Version
    /// What changes for both versions: how much longer they take, and which part fails besides.
    package var load = 1.0
    package var trouble = 0.0
    package var random: Random

    package init(requestsPerSecond: Double, stable: Version, canary: Version, random: Random) {
        self.requestsPerSecond = requestsPerSecond
        self.stable = stable
        self.canary = canary
        self.random = random
    }

    package mutating func second(at share: Share) -> ArmPair {
        let requests = poisson(requestsPerSecond)
        let drawn = binomial(requests, share.value)
        return ArmPair(canary: arm(drawn, canary), stable: arm(requests - drawn, stable))
    }

    private mutating func arm(_ count: UInt64, _ version: Version) -> ArmCounts {
        let errors = binomial(count, min(version.errorRate + trouble, 1))
        var counts = ArmCounts(assigned: count, ended: count, errors: errors)
        guard let median = version.median else { return counts }
        let slow = binomial(count, version.slowPart)
        for number in 0..<count {
            let factor = number < slow ? 10 * load : load
            let milliseconds = median * factor * exp(0.5 * normal())
            counts.durations.add(nanoseconds: UInt64(min(max(milliseconds, 0) * 1e6, 1e18)))
        }
        return counts
    }

    // MARK: - Draws

    /// In [0, 1).
    private mutating func uniform() -> Double { Double(random.next() >> 11) * 0x1p-53 }

    private mutating func normal() -> Double {
        (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform())
    }

    /// Arrivals within a unit of time, by the time from one to the next.
    private mutating func poisson(_ mean: Double) -> UInt64 {
        guard mean > 0 else { return 0 }
        // Of many, the deviation is all that matters.
        guard mean < 1000 else { return UInt64(max(0, (mean + mean.squareRoot() * normal()).rounded())) }
        var (count, time) = (UInt64(0), -log(1 - uniform()))
        while time < mean {
            count += 1
            time -= log(1 - uniform())
        }
        return count
    }

    /// How many of `count` happen, by the distance from one to the next.
    private mutating func binomial(_ count: UInt64, _ probability: Double) -> UInt64 {
        guard probability > 0, count > 0 else { return 0 }
        guard probability < 1 else { return count }
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
