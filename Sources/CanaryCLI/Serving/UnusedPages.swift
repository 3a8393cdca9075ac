// SPDX-License-Identifier: Apache-2.0

import CLinux
import Synchronization

/// The memory that a proxy's start or a new table needed, and traffic does not: reading manifests and compiling tables takes most of
/// the program. It is given back a while after the last of them, since what reports and stores do first is done once, too.
final class UnusedPages: Sendable {
    private static let delay = 15
    private let turnsLeft = Atomic(delay)

    /// There is a new table.
    func tableChanged() { turnsLeft.store(Self.delay, ordering: .relaxed) }

    /// A turn of the reports is over; `true` where memory was given back. To be called by one thread at a time.
    @discardableResult
    func turn() -> Bool {
        let left = turnsLeft.load(ordering: .relaxed)
        // A table that came meanwhile begins the time anew.
        guard left > 0,
            turnsLeft.compareExchange(expected: left, desired: left - 1, ordering: .relaxed).exchanged,
            left == 1
        else { return false }
        canary_release_unused_pages()
        return true
    }
}
