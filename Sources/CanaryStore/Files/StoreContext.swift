// SPDX-License-Identifier: Apache-2.0

import CanarySystem

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
    package static let system = StoreContext(
        now: Clock.wallMilliseconds,
        newUID: { UUID.random().description }
    )
}
