// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What was counted of an arm's users, each of whom is one draw: see ``RouteEvidence/Users``.
package struct UserCounts: Sendable, Equatable {
    /// Whose first request was given to the arm.
    package var assigned: UInt64 = 0
    /// Requests that ended, each user's up to the first that failed.
    package var tried: UInt64 = 0
    /// Users who had an error.
    package var failed: UInt64 = 0
    /// How long the first requests took that ended.
    package var durations = DurationHistogram()

    package init() {}

    /// Proxies look for the first of the usual errors. With others the first requests alone count.
    package init(_ users: RouteEvidence.Users, errors statuses: ErrorStatuses = .usual) {
        (assigned, durations) = (users.assigned, users.firsts.durations)
        let isUsual = statuses == .usual
        tried = isUsual ? users.tried : users.firsts.total
        failed = isUsual ? users.failed : users.firsts.errors(statuses)
    }

    package var isEmpty: Bool { assigned == 0 && tried == 0 && durations.counts.isEmpty }

    func continues(_ earlier: UserCounts) -> Bool {
        assigned >= earlier.assigned && tried >= earlier.tried && failed >= earlier.failed
            && durations.continues(earlier.durations)
    }

    mutating func add(_ other: UserCounts) {
        assigned &+= other.assigned
        tried &+= other.tried
        failed &+= other.failed
        durations.add(other.durations)
    }

    mutating func subtract(_ earlier: UserCounts) {
        assigned &-= earlier.assigned
        tried &-= earlier.tried
        failed &-= earlier.failed
        durations.subtract(earlier.durations)
    }
}
