// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import Glibc
import Testing

@Suite struct KernelTests {
    private let tenth = Share(percent: 10)

    @Test func `shares are exact`() {
        #expect(Share(2, of: 6) == Share(1, of: 3))
        #expect(Share(1, of: 3) < Share(334, of: 1000))
        #expect(Share(UInt64.max, of: 3) == .all)
        #expect(Share(5, of: 0) == .none)
        #expect("\(Share(millionths: 1000)) \(Share(percent: 10)) \(Share(1, of: 3))" == "0.1 % 10 % 33.33 %")
    }

    @Test(arguments: [
        (0.0, "0"), (3.1, "3.1"), (136.6, "137"), (0.8, "0.8"), (9.999, "10"), (12345, "12300"),
        (0.00420, "0.0042"), (2.34e9, "2.34e9"), (1e-9, "1e-9"), (.infinity, "∞"), (-2.5, "-2.5"),
        (99.96, "100"),
    ])
    func `numbers are told with few digits`(_ value: Double, _ text: String) {
        #expect(Figures.text(value, digits: 3) == text)
    }

    @Test func `without events there is no evidence`() {
        var process = EProcess(.noWorse())
        #expect(abs(process.logValue) < 1e-15)
        process.add(ShareCounts(share: tenth, events: 0, canary: 0))
        process.add(ShareCounts(share: .all, events: 10, canary: 10))
        process.add(ShareCounts(share: .none, events: 10, canary: 0))
        process.beginSegment()
        #expect(abs(process.logValue) < 1e-15)
        #expect(process.starts == 1)
        #expect(RatioInterval([], alpha: 0.01) == nil)
    }

    @Test func `of many start points few are kept, and the evidence is that of all`() {
        let hypothesis = Hypothesis.noWorse()
        var process = EProcess(hypothesis)
        let healthy = ShareCounts(share: tenth, events: 20, canary: 2)
        let harm = ShareCounts(share: tenth, events: 20, canary: 6)
        let segments = [ShareCounts](repeating: healthy, count: 700) + [harm, harm, harm]
        for (index, counts) in segments.enumerated() {
            if index > 0 { process.beginSegment() }
            process.add(counts)
        }
        #expect(process.starts == segments.count)
        var sum: [ShareCounts] = []
        var terms: [Double] = []
        for (index, counts) in segments.enumerated().reversed() {
            sum.add(counts)
            let part = index == 0 ? 0.9 : 0.1 / (Double(index + 1) * Double(index))
            terms.append(log(part) + hypothesis.logEvidence(sum))
        }
        terms.append(log(0.1 / Double(segments.count)))
        let top = terms.max() ?? 0
        let all = top + log(terms.reduce(0) { $0 + exp($1 - top) })
        #expect(abs(process.logValue - all) < 1e-9)
        // What is told begins where the harm began.
        #expect(process.leadingStart.counts == [ShareCounts(share: tenth, events: 60, canary: 18)])
        #expect(process.totals == [ShareCounts(share: tenth, events: 700 * 20 + 60, canary: 700 * 2 + 18)])
    }

    @Test func `the order and the number of looks play no part`() {
        var once = EProcess(.noWorse())
        once.add(ShareCounts(share: tenth, events: 60, canary: 13))
        once.add(ShareCounts(share: .half, events: 30, canary: 17))
        var often = EProcess(.noWorse())
        for number in 0..<30 {
            often.add(ShareCounts(share: .half, events: 1, canary: number < 17 ? 1 : 0))
            often.add(ShareCounts(share: tenth, events: 2, canary: number < 13 ? 1 : 0))
        }
        #expect(abs(once.logValue - often.logValue) < 1e-12)
    }

    @Test func `what goes wrong late is found in spite of a long healthy past`() {
        var process = EProcess(.noWorse())
        var plain = Hypothesis.noWorse().logEvidence([])
        var counts: [ShareCounts] = []
        for minute in 0..<200 {
            let now = ShareCounts(share: tenth, events: 50, canary: minute < 190 ? 5 : 15)
            process.add(now)
            process.beginSegment()
            counts.add(now)
            plain = Hypothesis.noWorse().logEvidence(counts)
        }
        #expect(plain < 0)
        #expect(process.logValue > log(100))
        let leading = process.leadingStart
        #expect(leading.counts == [ShareCounts(share: tenth, events: 500, canary: 150)])
        // The bound holds for every start together, so it may be told for the one that stands out.
        let bound = RatioInterval(leading.counts, alpha: 0.01 * leading.part)
        #expect((bound?.low ?? 0) > 1.9)
    }

    @Test func `bounds are open where an arm has all events`() {
        let none = RatioInterval([ShareCounts(share: tenth, events: 40, canary: 0)], alpha: 0.05)
        #expect(none?.estimate == 0 && none?.low == 0)
        #expect((none?.high ?? .infinity) < 1.5)
        let all = RatioInterval([ShareCounts(share: tenth, events: 4, canary: 4)], alpha: 0.05)
        #expect(all?.estimate == .infinity && all?.high == .infinity)
        #expect((all?.low ?? 0) > 1)
    }

    @Test func `counts that nobody can have had do no harm`() {
        var process = EProcess(.noWorse())
        process.add(ShareCounts(share: tenth, events: .max, canary: .max))
        process.add(ShareCounts(share: tenth, events: 1, canary: 7))
        #expect(!process.logValue.isNaN)
        var block = BlockProcess()
        block.add(stable: 3, 9, canary: 0, 5)
        block.add(stable: 0, 0, canary: 2, 5)
        #expect(abs(block.logValue) < 1e-12)
        var detector = ChangeDetector(limit: .none, steps: 0, alpha: 0.01)
        detector.step(requests: 5, failures: 9)
        #expect(!detector.isAlarmed)
    }
}
