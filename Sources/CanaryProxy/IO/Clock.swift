// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The two clocks: one that only moves forward, for durations, and the calendar's, for dates and logs.
enum Clock {
    /// Nanoseconds since some moment in the past.
    static func monotonicNanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds since 1970.
    static func wallNanoseconds() -> UInt64 { read(CLOCK_REALTIME) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
