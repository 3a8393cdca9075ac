// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Synchronization

/// Which table the workers of a proxy serve, and what is wrong with it.
extension Proxy {
    /// The table that every worker serves; `nil` before the first.
    package var served: ServedTable? {
        state.withLock { state in
            let adopted = shared.adoptedVersion
            guard let last = state.tables.lastIndex(where: { $0.version <= adopted }) else { return nil }
            state.tables.removeFirst(last)
            return state.tables[0].served
        }
    }

    /// Waits until every worker serves the table that was installed last; `false` when the time was over before, or none is left.
    package func waitUntilServed(milliseconds: Int64) -> Bool {
        let version = state.withLock { $0.hasWorkers ? $0.tables.last?.version : nil }
        return version.map { waitUntilAdopted($0, milliseconds: milliseconds) } ?? false
    }

    func waitUntilAdopted(_ version: Int, milliseconds: Int64) -> Bool {
        let end = Clock.monotonicMilliseconds() + milliseconds
        while shared.adoptedVersion < version {
            let left = end - Clock.monotonicMilliseconds()
            guard left > 0 else { return false }
            // Of several threads that wait, one may have cleared what another waits for.
            shared.adoption.wait(milliseconds: Int32(clamping: min(left, 20)))
            shared.adoption.clear()
        }
        return true
    }

    /// Listeners that tables ask for and that could not be opened, certificates that can't be used, and hosts with which TLS can't be
    /// agreed on, each in words.
    package var problems: [String] { shared.problems }

    /// What the table is made without, as it cannot be read, each in words.
    package var damage: [String] { shared.publication().damage }

    /// Notes that the table may be out of date, since when (seconds since 1970) and why, until the next one comes. Shown by
    /// `/ready`, which stays 200.
    package func setStale(since: Int64, because reason: String) {
        shared.publish { publication in
            publication.staleSince = publication.staleSince ?? since
            publication.staleReason = reason
        }
    }

    /// Since when the table may be out of date, and why; `nil` where it is current.
    package var staleness: (since: Int64, reason: String)? {
        let state = shared.publication()
        return state.staleSince.map { ($0, state.staleReason) }
    }
}
