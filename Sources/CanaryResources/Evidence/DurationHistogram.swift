// SPDX-License-Identifier: Apache-2.0

/// How long things took, by buckets whose width grows with the duration: a quantile is at most 3.2 % off from 16 µs to
/// 17 min, whatever the distribution, and histograms add up exactly.
///
/// The buckets are log-linear, as in HdrHistogram (Tene, http://hdrhistogram.org) and OpenTelemetry's exponential
/// histograms: each octave of microseconds [2ᵉ, 2ᵉ⁺¹) has 16 buckets of the same width. For v ≥ 16 the bucket's number is
/// 16·(e − 3) + (⌊v / 2ᵉ⁻⁴⌋ mod 16) with e = ⌊log₂ v⌋; below 16 µs it is v itself. A bucket is 1/16 of its octave's start
/// wide, so its middle is at most 1/32 from anything in it.
package struct DurationHistogram: Sendable, Equatable {
    /// The last bucket takes everything from 2³⁰ µs (1,073 s) on.
    package static let bucketCount = 433
    private static let subBucketBits = 4

    /// By bucket; trailing zeros are left out.
    package private(set) var counts: [UInt64] = []

    package init() {}

    package static func bucket(nanoseconds: UInt64) -> Int {
        let value = nanoseconds / 1000
        guard value >= 16 else { return Int(value) }
        let exponent = 63 &- value.leadingZeroBitCount
        guard exponent < 30 else { return bucketCount - 1 }
        let step = Int(truncatingIfNeeded: value >> UInt64(exponent &- subBucketBits)) & 15
        return (exponent &- 3) &* 16 &+ step
    }

    /// The first microsecond of a bucket.
    package static func lowerBound(_ bucket: Int) -> UInt64 {
        guard bucket >= 16 else { return UInt64(bucket) }
        let exponent = UInt64(bucket / 16 + 3)
        return (16 + UInt64(bucket % 16)) << (exponent - UInt64(subBucketBits))
    }

    /// The middle of a bucket, in milliseconds; of the last one its start.
    package static func milliseconds(_ bucket: Int) -> Double {
        let lower = Double(lowerBound(bucket))
        guard bucket < bucketCount - 1 else { return lower / 1000 }
        return (lower + Double(lowerBound(bucket + 1))) / 2000
    }

    package var total: UInt64 { counts.reduce(0, &+) }

    package mutating func add(_ count: UInt64 = 1, nanoseconds: UInt64) {
        add(count, bucket: Self.bucket(nanoseconds: nanoseconds))
    }

    package mutating func add(_ count: UInt64, bucket: Int) {
        guard (0..<Self.bucketCount).contains(bucket), count > 0 else { return }
        if bucket >= counts.count {
            counts += [UInt64](repeating: 0, count: bucket + 1 - counts.count)
        }
        counts[bucket] &+= count
    }

    package mutating func add(_ other: DurationHistogram) {
        for (bucket, count) in other.counts.enumerated() { add(count, bucket: bucket) }
    }

    /// Takes away what is part of this.
    package mutating func subtract(_ other: DurationHistogram) {
        for (bucket, count) in other.counts.enumerated() where bucket < counts.count {
            counts[bucket] -= min(count, counts[bucket])
        }
        while counts.last == 0 { counts.removeLast() }
    }

    /// The duration that the given part of all took at most, in milliseconds; `nil` without any.
    package func quantile(_ part: Double) -> Double? {
        let total = total
        guard total > 0 else { return nil }
        let rank = max(1, (part * Double(total)).rounded(.up))
        var seen: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            seen &+= count
            if Double(seen) >= rank { return Self.milliseconds(bucket) }
        }
        return Self.milliseconds(counts.count - 1)
    }

    /// How many took at most so many milliseconds; a bucket counts as its middle.
    package func count(upTo milliseconds: Double) -> UInt64 {
        var sum: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            guard Self.milliseconds(bucket) <= milliseconds else { break }
            sum &+= count
        }
        return sum
    }
}
