// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Stable's durations until the last look, and what follows from them for the next one.
///
/// What counts as slow must be settled before the requests that it is applied to: then "the canary is no slower" means that it has
/// no more slow requests, whatever the distribution is and however it drifts for both. Two windows are kept, so
/// that the past follows the hours of the day.
struct LatencyReference: Sendable, Equatable {
    /// Requests after which a window is done.
    private static let windowSize: UInt64 = 2000
    /// Requests beyond a quantile that make it one.
    private static let slower = 10.0

    private var previous = DurationHistogram()
    private var current = DurationHistogram()

    mutating func add(_ durations: DurationHistogram) {
        current.add(durations)
        guard current.total >= Self.windowSize else { return }
        previous = current
        current = DurationHistogram()
    }

    /// How many requests of the past it takes to know a quantile.
    static func requests(_ quantile: LatencyQuantile) -> Double { slower / (1 - quantile.part) }

    /// The last bucket that is not slow; `nil` until there are ten slower requests to be expected in the past.
    func bucket(_ quantile: LatencyQuantile) -> Int? {
        var past = previous
        past.add(current)
        let total = past.total
        guard Double(total) * (1 - quantile.part) >= Self.slower else { return nil }
        let rank = UInt64((quantile.part * Double(total)).rounded(.up))
        var seen: UInt64 = 0
        for (bucket, count) in past.counts.enumerated() {
            seen &+= count
            if seen >= rank { return bucket }
        }
        return nil
    }
}

extension DurationHistogram {
    /// Those in buckets behind one.
    func count(behind bucket: Int) -> UInt64 {
        counts.dropFirst(bucket + 1).reduce(0, &+)
    }
}

extension JudgeRules {
    /// The last bucket that is not slow for the canary, where `bucket` is stable's.
    func tolerated(_ bucket: Int) -> Int {
        let end = Double(DurationHistogram.lowerBound(bucket + 1))
        let microseconds = max(end * max(slowdown, 1), end + Double(max(latencyFloor, 0)) * 1000)
        guard microseconds > end else { return bucket }
        guard microseconds < 1e15 else { return DurationHistogram.bucketCount - 1 }
        return max(bucket, DurationHistogram.bucket(nanoseconds: UInt64(microseconds.rounded(.up)) * 1000))
    }
}
