// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Waits for something that only looking again can tell, up to a point in time.
struct Patience {
    private let end: ContinuousClock.Instant

    private let pause: UInt32

    init(_ duration: Duration, pauseMilliseconds: UInt32 = 10) {
        pause = pauseMilliseconds * 1000
        end = .now.advanced(by: duration)
    }

    /// Looks again and again; `false` when time ran out first.
    func wait(until isDone: () throws -> Bool) rethrows -> Bool {
        while try !isDone() {
            guard ContinuousClock.now < end else { return false }
            usleep(pause)
        }
        return true
    }
}
