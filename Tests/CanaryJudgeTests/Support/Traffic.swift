// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryTestSupport

typealias Traffic = MadeUpTraffic<SeededGenerator>

extension MadeUpTraffic<SeededGenerator> {
    /// 100 requests a second of versions that are alike.
    init(seed: UInt64, errorRate: Double = 0.005, median: Double? = nil) {
        self.init(
            requestsPerSecond: 100,
            stable: Version(errorRate: errorRate, median: median),
            canary: Version(errorRate: errorRate, median: median),
            random: SeededGenerator(seed: Simulations.seed &* 7919 &+ seed)
        )
    }

    mutating func growth(at share: Share, declared: Share? = nil) -> EvidenceGrowth {
        let counts = second(at: share)
        return EvidenceGrowth(.split(declared ?? share), canary: counts.canary, stable: counts.stable)
    }
}

extension Judge {
    /// The seconds until the alarm, and what it is about; `nil` without alarm.
    mutating func alarm(
        on traffic: inout Traffic,
        at share: Share,
        within limit: Int,
        load: (Int) -> Double = { _ in 1 }
    ) -> (seconds: Int, metric: Metric)? {
        for second in 1...limit {
            traffic.load = load(second)
            add(traffic.growth(at: share))
            if second % 60 == 0 { beginSegment() }
            if let alarm { return (second, alarm.metric) }
        }
        return nil
    }
}
