// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryRouting

struct DurationHistogramTests {
    @Test func `buckets follow each other without gaps, and hold what is theirs`() {
        var last = -1
        var values = (0..<70_000).map { UInt64($0) }
        for exponent in 17..<30 as Range<UInt64> {
            let power: UInt64 = 1 << exponent
            values += [power - 1, power, power + 1]
        }
        for value in values {
            let bucket = DurationHistogram.bucket(nanoseconds: value * 1000 + 999)
            #expect(DurationHistogram.lowerBound(bucket) <= value)
            #expect(value < DurationHistogram.lowerBound(bucket + 1))
            #expect(bucket >= last && (value >= 70_000 || bucket <= last + 1))
            last = bucket
        }
        #expect(DurationHistogram.bucket(nanoseconds: .max) == DurationHistogram.bucketCount - 1)
        #expect(DurationHistogram.bucket(nanoseconds: 1000 << 30) == DurationHistogram.bucketCount - 1)
    }

    @Test func `from 0.1 ms to 10 min a quantile is at most 5 percent off`() throws {
        var milliseconds = 0.1
        while milliseconds < 600_000 {
            var histogram = DurationHistogram()
            histogram.add(nanoseconds: UInt64(milliseconds * 1_000_000))
            let told = try #require(histogram.quantile(0.5))
            #expect(abs(told - milliseconds) <= 0.05 * milliseconds, "\(milliseconds) ms read as \(told)")
            milliseconds *= 1.013
        }
    }

    @Test func `quantiles of many are those of the sorted values`() throws {
        var random = SeededGenerator(seed: 4)
        // Over five orders of magnitude, as real latencies are.
        let values = (0..<5000).map { _ in
            UInt64(100_000) << (random.next() % 16) + random.next() % 1_000_000
        }.sorted()
        var histogram = DurationHistogram()
        for value in values { histogram.add(nanoseconds: value) }
        for part in [0.01, 0.5, 0.9, 0.99, 1] {
            let exact = Double(values[Int((part * 5000).rounded(.up)) - 1]) / 1_000_000
            let told = try #require(histogram.quantile(part))
            #expect(abs(told - exact) <= 0.05 * exact, "\(part): \(told) instead of \(exact)")
        }
    }

    @Test func `histograms add up and come apart exactly`() {
        var random = SeededGenerator(seed: 5)
        var one = DurationHistogram()
        var other = DurationHistogram()
        var both = DurationHistogram()
        for index in 0..<1000 {
            let value = random.next() >> (random.next() % 64)
            if index % 3 == 0 { one.add(nanoseconds: value) } else { other.add(nanoseconds: value) }
            both.add(nanoseconds: value)
        }
        var sum = one
        sum.add(other)
        #expect(sum == both)
        sum.subtract(other)
        #expect(sum == one)
        sum.subtract(one)
        #expect(sum == DurationHistogram())
        #expect(sum.quantile(0.5) == nil && sum.total == 0)
    }

    @Test func `how many took at most so long goes by the buckets' middles`() {
        var histogram = DurationHistogram()
        for milliseconds: UInt64 in [1, 4, 9, 20, 1_000] {
            histogram.add(nanoseconds: milliseconds * 1_000_000)
        }
        #expect([0.5, 5, 10, 25, 500, 2500].map(histogram.count) == [0, 2, 3, 4, 4, 5])
    }
}
