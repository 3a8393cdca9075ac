// SPDX-License-Identifier: Apache-2.0

import CanaryRouting

/// What is counted of users besides requests, where traffic is sticky.
extension Worker {
    /// Counts the first request of a user as assigned.
    @inline(never)
    func countUser(_ exchange: ExchangePointer, _ counter: UInt32) {
        guard let user = exchange.pointee.outcome.user, let users = exchange.pointee.route?.users,
            users.mark(user.hash, as: .seen)
        else { return }
        exchange.pointee.outcome.user?.isFirst = true
        counters.countUser(counter)
    }

    /// Counts how the first try of a request ended, unless an earlier request of its user has failed. What became of one whose
    /// client went away nobody knows.
    @inline(never)
    func countTry(
        of user: DrawnUser,
        _ exchange: ExchangePointer,
        _ counter: UInt32,
        _ answer: CountedAnswer,
        nanoseconds: UInt64
    ) {
        guard answer.flags.reason != .downstreamConnectionTermination,
            let users = exchange.pointee.route?.users
        else { return }
        if user.isFirst {
            counters.countUsersFirst(counter, answer, nanoseconds: nanoseconds)
        }
        let fails = answer.isError
        let counts = fails ? users.mark(user.hash, as: .failed) : !users.has(user.hash, .failed)
        if counts { counters.countUsersTry(counter, fails: fails) }
    }
}
