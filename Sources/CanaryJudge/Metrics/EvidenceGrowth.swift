// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What was counted for one arm, of first attempts alone: retries of the proxy's would hide what a version does.
package struct ArmCounts: Sendable, Equatable {
    /// Requests that were given to the arm, whether or not they have ended.
    package var assigned: UInt64 = 0
    /// Requests that ended, with or without an answer.
    package var ended: UInt64 = 0
    /// Those that ended in an error.
    package var errors: UInt64 = 0
    /// How long they took; of those whose client went away first nobody knows.
    package var durations = DurationHistogram()
    /// Of sticky traffic.
    package var users = UserCounts()

    package init() {}

    package init(assigned: UInt64, ended: UInt64, errors: UInt64, durations: DurationHistogram = .init()) {
        self.assigned = assigned
        self.ended = ended
        self.errors = errors
        self.durations = durations
    }

    /// What proxies counted of a destination.
    package init(_ evidence: RouteEvidence, errors statuses: ErrorStatuses = .usual) {
        let attempts = evidence.firstAttempts
        assigned = evidence.assigned
        ended = evidence.ended
        errors = attempts.errors(statuses)
        durations = attempts.durations
        if let counted = evidence.users { users = UserCounts(counted, errors: statuses) }
    }

    package var isEmpty: Bool {
        assigned == 0 && ended == 0 && errors == 0 && durations.counts.isEmpty && users.isEmpty
    }

    /// Whether nothing of `earlier` is missing.
    package func continues(_ earlier: ArmCounts) -> Bool {
        assigned >= earlier.assigned && ended >= earlier.ended && errors >= earlier.errors
            && durations.continues(earlier.durations) && users.continues(earlier.users)
    }

    /// What came after `earlier`, which this continues.
    package func growth(since earlier: ArmCounts) -> ArmCounts {
        var growth = self
        growth.assigned &-= earlier.assigned
        growth.ended &-= earlier.ended
        growth.errors &-= earlier.errors
        growth.durations.subtract(earlier.durations)
        growth.users.subtract(earlier.users)
        return growth
    }

    package mutating func add(_ other: ArmCounts) {
        assigned &+= other.assigned
        ended &+= other.ended
        errors &+= other.errors
        durations.add(other.durations)
        users.add(other.users)
    }
}

extension RouteEvidence.Tally {
    func errors(_ statuses: ErrorStatuses) -> UInt64 {
        answers.reduce(0) { statuses.contains($1.key) ? $0 &+ $1.value : $0 }
    }
}

extension DurationHistogram {
    /// Whether nothing of `earlier` is missing.
    func continues(_ earlier: DurationHistogram) -> Bool {
        counts.count >= earlier.counts.count && zip(counts, earlier.counts).allSatisfy { $0 >= $1 }
    }
}

/// How requests came to the arms, which says what may be made of their counts.
package enum Assignment: Hashable, Sendable {
    /// Drawn at random, with the canary's share of both.
    case split(Share)
    /// The canary got copies of some of stable's requests, and its answers went nowhere.
    case mirror
    /// The canary got what matched a condition. Who matches is not drawn, so nothing is compared: limits alone hold.
    case focus

    /// Whether requests, or users, were drawn.
    var isDrawn: Bool {
        if case .split = self { true } else { false }
    }
}

/// What was counted between two looks, of requests that were assigned in one way.
package struct EvidenceGrowth: Sendable, Equatable {
    package var assignment: Assignment
    package var canary: ArmCounts
    package var stable: ArmCounts

    package init(_ assignment: Assignment, canary: ArmCounts, stable: ArmCounts) {
        self.assignment = assignment
        self.canary = canary
        self.stable = stable
    }

    package var isEmpty: Bool { canary.isEmpty && stable.isEmpty }
}
