// SPDX-License-Identifier: Apache-2.0

/// Lets each user's first event through, for sticky traffic: the requests of a user go the same way, so that only one of them is
/// a draw. Counting all of them would be counting one draw many times.
///
/// Users are told apart by a hash of the key that decides their version, which has to be the same in all steps of a rollout. When
/// it is full no event of anybody new gets through: evidence then stays where it is, and what was promised of it holds.
package struct UserFilter: Sendable, Equatable {
    private let capacity: Int
    private var seen: Set<UInt64> = []

    package init(capacity: Int = 1_000_000) {
        self.capacity = capacity
    }

    package var isFull: Bool { seen.count >= capacity }

    /// Whether this is the user's first event.
    package mutating func admits(_ user: UInt64) -> Bool {
        guard !isFull else { return false }
        return seen.insert(user).inserted
    }
}
