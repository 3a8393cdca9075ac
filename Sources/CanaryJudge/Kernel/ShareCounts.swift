// SPDX-License-Identifier: Apache-2.0

/// Events of requests that were assigned under one share, and those of them that were the canary's.
///
/// With a limit for a share, the same numbers are the canary's requests and those of them that failed: see ``EProcess``.
package struct ShareCounts: Hashable, Sendable {
    package var share: Share
    package var events: UInt64
    package var canary: UInt64

    package init(share: Share, events: UInt64, canary: UInt64) {
        self.share = share
        self.events = events
        self.canary = min(canary, events)
    }

    /// What would be the canary's if it were like stable.
    package var expected: Double { Double(events) * share.value }
}

extension [ShareCounts] {
    /// Adds to the entry of the same share. There are as many as a rollout has steps.
    package mutating func add(_ counts: ShareCounts) {
        guard counts.events > 0 else { return }
        if let index = firstIndex(where: { $0.share == counts.share }) {
            self[index].events &+= counts.events
            self[index].canary &+= counts.canary
        } else {
            append(counts)
        }
    }

    package var events: UInt64 { reduce(0) { $0 &+ $1.events } }
    package var canary: UInt64 { reduce(0) { $0 &+ $1.canary } }
    package var expected: Double { reduce(0) { $0 + $1.expected } }
}
