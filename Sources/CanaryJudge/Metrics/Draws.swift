// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An arm's draws and what came of them: its requests, or where the requests of a user go together its users.
struct Draws {
    var assigned: UInt64
    /// Those that ended.
    var ended: UInt64
    /// Outcomes among which errors were looked for. Of a user those are all requests up to the first error, by which a rate can be
    /// told, though only that one counts.
    var tried: UInt64
    var errors: UInt64
    var durations: DurationHistogram

    init(_ counts: ArmCounts, of unit: JudgeRules.Unit) {
        switch unit {
        case .requests:
            (assigned, ended, durations) = (counts.assigned, counts.ended, counts.durations)
            (tried, errors) = (counts.ended, counts.errors)
        case .users:
            let users = counts.users
            (assigned, ended, durations) = (users.assigned, users.durations.total, users.durations)
            (tried, errors) = (users.tried, users.failed)
        }
    }
}
