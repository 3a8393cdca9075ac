// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A number that threads share.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int { number.load(ordering: .relaxed) }

    /// The number before it is raised by one.
    @discardableResult
    func next() -> Int { number.add(1, ordering: .relaxed).oldValue }

    func reset(to value: Int) { number.store(value, ordering: .relaxed) }
}
