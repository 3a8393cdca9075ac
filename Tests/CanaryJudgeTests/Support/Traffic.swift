// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryTestSupport
import Glibc

/// Requests of a second at a time, drawn to the versions as the proxy does.
struct Traffic {
    var perSecond: UInt64 = 100
    var stableErrors = 0.005
    var canaryErrors = 0.005
    /// Medians, in milliseconds; `nil` leaves durations out.
    var stableMedian: Double?
    var canaryMedian = 20.0
    /// Of the canary's requests, this part takes ten times as long.
    var slowPart = 0.0
    var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: Simulations.seed &* 7919 &+ seed)
    }

    /// `load` makes both versions slower, and `trouble` lets both fail.
    mutating func second(at share: Share, load: Double = 1, trouble: Double = 0) -> EvidenceGrowth {
        let canary = random.binomial(perSecond, share.value)
        return EvidenceGrowth(
            .split(share),
            canary: arm(canary, canaryErrors + trouble, canaryMedian * load, slowPart),
            stable: arm(perSecond - canary, stableErrors + trouble, (stableMedian ?? 0) * load, 0)
        )
    }

    private mutating func arm(_ count: UInt64, _ errors: Double, _ median: Double, _ slow: Double)
        -> ArmCounts
    {
        var counts = ArmCounts(assigned: count, ended: count, errors: random.binomial(count, errors))
        guard stableMedian != nil else { return counts }
        let slow = random.binomial(count, slow)
        counts.durations = random.durations(count - slow, median: median)
        counts.durations.add(random.durations(slow, median: median * 10))
        return counts
    }
}

extension Judge {
    /// The seconds until the alarm, and the errors that the canary had; `nil` without alarm.
    mutating func seconds(
        of traffic: inout Traffic,
        at share: Share,
        upTo limit: Int,
        load: (Int) -> Double = { _ in 1 }
    ) -> (seconds: Int, metric: Metric)? {
        for second in 1...limit {
            add(traffic.second(at: share, load: load(second)))
            if second % 60 == 0 { beginSegment() }
            if let alarm { return (second, alarm.metric) }
        }
        return nil
    }
}
