// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The two clocks: one that only moves forward, for durations, and the calendar's, for dates and logs.
package enum Clock {
    /// Nanoseconds since some moment in the past.
    package static func monotonicNanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Milliseconds since the same moment.
    package static func monotonicMilliseconds() -> Int64 { Int64(monotonicNanoseconds() / 1_000_000) }

    /// Nanoseconds since 1970, UTC.
    package static func wallNanoseconds() -> UInt64 { read(CLOCK_REALTIME) }

    /// Milliseconds since 1970, UTC.
    package static func wallMilliseconds() -> Int64 { Int64(wallNanoseconds() / 1_000_000) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
