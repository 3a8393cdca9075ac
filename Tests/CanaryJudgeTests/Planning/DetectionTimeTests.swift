// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryTestSupport
import Testing

@Suite struct DetectionTimeTests {
    static let ratios = [2, 3, 5, 10, 20.0]
    /// Medians of a kernel without start points and with equal weights, α = 5 %: events until the alarm, by share and ratio.
    static let medians: [UInt64: [Int]] = [
        1: [1077, 299, 85, 26, 10], 5: [226, 72, 24, 8, 5], 10: [130, 39, 14, 5, 4], 25: [78, 24, 10, 6, 3],
    ]

    @Test(arguments: [1, 5, 10, 25] as [UInt64])
    func `detection takes at most 1.3 times as long as it has to`(_ percent: UInt64) throws {
        for (ratio, median) in zip(Self.ratios, try #require(Self.medians[percent])) {
            let time = DetectionTime(share: Share(percent: percent), ratio: ratio, alpha: 0.05, until: 0.6)
            #expect(Double(try #require(time.median)) <= 1.3 * Double(median), "\(percent) %, \(ratio)")
        }
    }

    @Test(arguments: [1, 5, 10, 25, 50] as [UInt64])
    func `the estimate is near the exact time`(_ percent: UInt64) throws {
        for ratio in [2, 5, 10.0] {
            let share = Share(percent: percent)
            let exact = DetectionTime(share: share, ratio: ratio, alpha: 0.005, until: 0.9)
            let estimate = DetectionEstimate(share: share, ratio: ratio, alpha: 0.005)
            let ninetieth = Double(try #require(exact.ninetieth))
            #expect(abs(estimate.ninetieth / ninetieth - 1) < 0.3, "\(percent) %, \(ratio)")
        }
    }

    @Test func `simulated runs take as long as the exact time says`() throws {
        var random = SeededGenerator(seed: Simulations.seed)
        let share = Share(percent: 10)
        let runs = 200 * Simulations.factor
        var times: [Int] = []
        for _ in 0..<runs {
            var process = EProcess(.noWorse())
            for event in 1... {
                // w ψ / (1 − w + w ψ) with ψ = 5.
                process.add(ShareCounts(share: share, events: 1, canary: random.happens(0.5 / 1.4) ? 1 : 0))
                guard process.logValue >= 4.60517 else { continue }
                times.append(event)
                break
            }
        }
        let exact = DetectionTime(share: share, ratio: 5, alpha: 0.01)
        let below = times.filter { $0 <= exact.median ?? 0 }.count
        #expect(abs(Double(below) / Double(runs) - 0.5) < 4 * 0.5 / Double(runs).squareRoot() + 0.05)
    }
}
