// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Waits for something that only looking again can tell, up to a point in time.
struct Patience {
    private let end: ContinuousClock.Instant

    init(_ duration: Duration) {
        end = .now.advanced(by: duration)
    }

    /// Looks every ten milliseconds; `false` when time ran out first.
    func wait(until isDone: () throws -> Bool) rethrows -> Bool {
        while try !isDone() {
            guard ContinuousClock.now < end else { return false }
            usleep(10_000)
        }
        return true
    }
}
