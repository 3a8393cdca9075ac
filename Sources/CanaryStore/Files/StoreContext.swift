// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the store needs from outside: the time, new identifiers, and how patient it is.
package struct StoreContext: Sendable {
    /// Milliseconds since 1970, UTC.
    package var now: @Sendable () -> Int64
    /// A new `metadata.uid`.
    package var newUID: @Sendable () -> String
    /// How long a change waits for its turn.
    package var lockTimeoutMilliseconds: Int64

    package init(
        now: @escaping @Sendable () -> Int64,
        newUID: @escaping @Sendable () -> String,
        lockTimeoutMilliseconds: Int64 = 5000
    ) {
        self.now = now
        self.newUID = newUID
        self.lockTimeoutMilliseconds = lockTimeoutMilliseconds
    }

    /// The system's clock and random numbers.
    package static let system = StoreContext(now: { milliseconds(CLOCK_REALTIME) }, newUID: randomUID)

    /// Reads one of the system's clocks.
    static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }

    /// A random UUID: version 4 of RFC 9562.
    private static func randomUID() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & ~0xf000 | 0x4000
        let low = generator.next() & ~(0xc0 << 56) | 0x80 << 56
        let digits = [high, low].map { value in
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        var uid = ""
        for (offset, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(offset) { uid += "-" }
            uid.append(digit)
        }
        return uid
    }
}
