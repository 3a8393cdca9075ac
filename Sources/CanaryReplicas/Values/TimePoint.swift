// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A moment of a clock that never jumps, as whoever has the clock reads it. What lies beyond its range is its last moment.
package struct TimePoint: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func + (time: TimePoint, duration: Duration) -> TimePoint {
        let (sum, overflow) = time.milliseconds.addingReportingOverflow(Int64(duration.milliseconds))
        return TimePoint(milliseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    package static func - (time: TimePoint, duration: Duration) -> TimePoint {
        time + (.zero - duration)
    }

    /// How long it is from the right one to the left one.
    package static func - (later: TimePoint, earlier: TimePoint) -> Duration {
        let (difference, overflow) = later.milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return .milliseconds(overflow ? (later < earlier ? .min : .max) : difference)
    }

    package static func < (left: TimePoint, right: TimePoint) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
