// SPDX-License-Identifier: Apache-2.0

package import CanarySystem
/// Follows a store: hands out what changed, as it changes, from one blocking call in a thread of its own.
///
/// It copes with a store that is not there yet, goes away, breaks, or is replaced by another one at the same place, and
/// tells the reader when it has to start afresh. A change is noticed when its writer touches a file, within a
/// millisecond or so; a writer that was killed before it could is noticed within a second.
package final class StoreFollower {
    package enum Update {
        /// The next revision to go on with; complete for the first one and after the store was replaced.
        case changed(StoreChanges)
        /// The store cannot be read now. Reported once for each reason; the follower keeps trying.
        case unavailable(StoreError)
        /// The stop signal was given.
        case stopped
    }

    /// While there is no directory to watch.
    private static let retryMilliseconds: Int32 = 250

    private let location: StoreLocation
    private let context: StoreContext
    private let stop: EventDescriptor
    private let watch: DirectoryWatch
    private let checkMilliseconds: Int32
    private let keepsBodies: Bool
    private var store: ClusterStore?
    private var dataVersion: Int64?
    private var known: StorePoint?
    private var reported: StoreError?

    /// `checkMilliseconds` is how long a change can stay unnoticed whose writer told nobody. Without `keepingBodies` objects are
    /// typed views alone, a third of the memory.
    package init(
        at location: StoreLocation,
        stop: EventDescriptor,
        context: StoreContext = .system,
        checkMilliseconds: Int32 = 1000,
        keepingBodies: Bool = true
    ) {
        self.location = location
        keepsBodies = keepingBodies
        self.checkMilliseconds = checkMilliseconds
        self.context = context
        self.stop = stop
        watch = DirectoryWatch(location.directory)
    }

    /// Waits for the next update. The first call returns at once: with everything, or with the reason why not.
    package func next() -> Update {
        while true {
            if let update = poll() { return update }
            guard wait() else { return .stopped }
        }
    }

    /// The next update, if there is one now.
    package func poll() -> Update? {
        // Before looking, so that nothing falls between looking and waiting.
        watch.renew()
        do throws(StoreError) {
            guard let changes = try look() else { return nil }
            reported = nil
            return .changed(changes)
        } catch {
            store = nil
            guard error != reported else { return nil }
            reported = error
            return .unavailable(error)
        }
    }

    /// Waits until there may be one, of the store or of what its node tells; `false` for the stop signal.
    package func wait() -> Bool {
        watch.wait(milliseconds: store == nil ? Self.retryMilliseconds : checkMilliseconds, unless: stop)
    }

    /// What changed since the last look; `nil` if nothing did.
    private func look() throws(StoreError) -> StoreChanges? {
        if let store, !store.isIntact { self.store = nil }
        if store == nil {
            guard let opened = try ClusterStore.openExisting(at: location, context: context) else {
                throw .absent(location.directory)
            }
            store = opened
            dataVersion = nil
        }
        guard let store else { return nil }
        let version = try store.dataVersion()
        guard version != dataVersion else { return nil }
        let changes = try store.changes(since: known, keepingBodies: keepsBodies)
        dataVersion = version
        if let known, !changes.isComplete, changes.revision == known.revision { return recovered(changes) }
        known = changes.point
        return changes
    }

    /// The same revision is news only to somebody who was told that the store is unavailable.
    private func recovered(_ changes: StoreChanges) -> StoreChanges? {
        reported == nil ? nil : changes
    }
}
