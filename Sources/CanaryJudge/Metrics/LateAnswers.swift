// SPDX-License-Identifier: Apache-2.0

/// Stable's answers, which are compared with the canary's only after a while: so a canary may take that much longer, whatever the
/// traffic does meanwhile, and does not look as if it did not answer. Those of before a start point are left out behind it, which
/// can only speak for the canary.
struct LateAnswers: Sendable, Equatable {
    static let delay = Duration.seconds(10)

    private struct Entry: Sendable, Equatable {
        var assignment: Assignment
        var ended: UInt64
        var age = Duration.zero
    }

    private var entries: [Entry] = []

    mutating func add(_ assignment: Assignment, ended: UInt64) {
        guard ended > 0 else { return }
        entries.append(Entry(assignment: assignment, ended: ended))
    }

    /// What has waited long enough.
    mutating func pass(_ time: Duration) -> [(Assignment, UInt64)] {
        for index in entries.indices { entries[index].age += time }
        let ripe = entries.prefix { $0.age >= Self.delay }
        entries.removeFirst(ripe.count)
        return ripe.map { ($0.assignment, $0.ended) }
    }
}
