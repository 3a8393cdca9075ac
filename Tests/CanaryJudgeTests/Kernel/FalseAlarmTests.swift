// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryTestSupport
import Glibc
import Testing

/// The promise of the kernel: without a difference it alarms with a probability of at most α, whatever traffic, ramps and looks do.
@Suite struct FalseAlarmTests {
    private static let ramp = [1, 5, 10, 25, 50].map { Share(percent: $0) }

    /// Exactly, at one share, with a look after each event.
    @Test(arguments: [1, 5, 10, 25, 50] as [UInt64])
    func `the probability of a false alarm is below alpha`(_ percent: UInt64) {
        for alpha in [0.01, 0.05] {
            let time = DetectionTime(share: Share(percent: percent), ratio: 1, alpha: alpha, events: 1500)
            #expect(time.power < alpha)
            #expect(time.power > alpha / 20)
        }
    }

    /// How many runs reach an alarm; each gives the highest ln E that it saw.
    private func alarms(runs: Int, alpha: Double, seed: UInt64, _ run: (inout SeededGenerator) -> Double)
        -> Int
    {
        var random = SeededGenerator(seed: Simulations.seed &* 1000 &+ seed)
        return (0..<runs).filter { _ in run(&random) >= -log(alpha) }.count
    }

    @Test func `ramps that follow the evidence keep the bound`() {
        let runs = 400 * Simulations.factor
        let alarms = alarms(runs: runs, alpha: 0.05, seed: 1) { random in
            var process = EProcess(.noWorse())
            var (step, highest) = (0, 0.0)
            for _ in 0..<150 {
                let share = Self.ramp[step]
                process.add(ShareCounts(share: share, events: 1, canary: random.happens(share.value) ? 1 : 0))
                highest = max(highest, process.logValue)
                // Up while it looks good, down while it does not, as the evidence says: the shares may depend on it.
                if process.logValue < -0.2, step < 4 { step += 1 }
                if process.logValue > 1, step > 0 { step -= 1 }
                if random.happens(0.02) { process.beginSegment() }
            }
            return highest
        }
        #expect(alarms <= Simulations.most(alpha: 0.05, runs: runs))
    }

    @Test func `bursts that hit both versions keep the bound`() {
        let runs = 400 * Simulations.factor
        let alarms = alarms(runs: runs, alpha: 0.05, seed: 2) { random in
            var process = EProcess(.noWorse())
            var highest = 0.0
            for tick in 0..<60 {
                // Errors of one request in five now and then, and none for long.
                let rate = random.happens(0.1) ? 0.2 : tick % 7 == 0 ? 0.01 : 0
                let share = Self.ramp[tick / 12]
                let assigned = random.binomial(200, share.value)
                let canary = random.binomial(assigned, rate)
                let stable = random.binomial(200 - assigned, rate)
                process.add(ShareCounts(share: share, events: canary + stable, canary: canary))
                highest = max(highest, process.logValue)
                if tick % 6 == 5 { process.beginSegment() }
            }
            return highest
        }
        #expect(alarms <= Simulations.most(alpha: 0.05, runs: runs))
    }

    /// A canary that is better must not be nearer to an alarm than one that is alike; nor one that is worse by what is tolerated.
    @Test(arguments: [(0.3, 1.0), (0.9, 1.0), (1.2, 1.2), (1.9, 2.0)])
    func `all that is tolerated keeps the bound`(_ ratio: Double, _ tolerance: Double) {
        for percent in [1, 10, 50] as [UInt64] {
            let time = DetectionTime(
                share: Share(percent: percent),
                ratio: ratio,
                hypothesis: .noWorse(than: tolerance),
                alpha: 0.05,
                events: 1000
            )
            #expect(time.power < 0.05)
        }
    }

    @Test func `blocks keep the bound through drifts`() {
        let runs = 150 * Simulations.factor
        let alarms = alarms(runs: runs, alpha: 0.05, seed: 4) { random in
            var process = BlockProcess()
            var highest = 0.0
            for tick in 0..<60 {
                let rate = 0.02 * (1 + sin(Double(tick) / 8)) + (random.happens(0.05) ? 0.2 : 0)
                process.add(stable: 150, random.binomial(150, rate), canary: 50, random.binomial(50, rate))
                highest = max(highest, process.logValue)
            }
            return highest
        }
        #expect(alarms <= Simulations.most(alpha: 0.05, runs: runs))
    }

    @Test func `a detector keeps its bound for as long as it watches`() {
        let runs = 150 * Simulations.factor
        let alarms = alarms(runs: runs, alpha: 0.05, seed: 5) { random in
            var detector = ChangeDetector(limit: Share(percent: 1), steps: 100, alpha: 0.05)
            var highest = 0.0
            for _ in 0..<100 {
                detector.step(requests: 100, failures: random.binomial(100, 0.01))
                highest = max(highest, detector.isAlarmed ? .infinity : 0)
            }
            return highest
        }
        #expect(alarms <= Simulations.most(alpha: 0.05, runs: runs))
    }

    @Test func `bounds of the ratio hold the truth at all times`() {
        let runs = 60 * Simulations.factor
        let misses = alarms(runs: runs, alpha: 0.05, seed: 6) { random in
            var (events, canary) = (UInt64(0), UInt64(0))
            // At a tenth, a ratio of 3 makes a quarter of the events the canary's.
            for _ in 0..<20 {
                events += 10
                canary += random.binomial(10, 0.25)
                let counts = [ShareCounts(share: Share(percent: 10), events: events, canary: canary)]
                guard let bounds = RatioInterval(counts, alpha: 0.05) else { continue }
                if bounds.low > 3 || bounds.high < 3 { return .infinity }
            }
            return 0
        }
        #expect(misses <= Simulations.most(alpha: 0.05, runs: runs))
    }
}
