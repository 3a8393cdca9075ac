// SPDX-License-Identifier: Apache-2.0

package import CanarySystem
package import CanaryResources

/// A state of a node's pods: others may follow it.
package struct PodsPoint: Hashable, Sendable {
    package var node: String
    /// Counts the changes.
    package var version: Int64

    package init(node: String, version: Int64) {
        self.node = node
        self.version = version
    }
}

extension RuntimeStore {
    /// The state that the pods of the node that runs now are in; `nil` where none runs.
    ///
    /// - Throws: ``StoreError`` where there is no file, which says nothing about pods.
    package func podsPoint() throws(StoreError) -> PodsPoint? {
        let rows = try look { database throws(StoreError) in
            try database.rows("SELECT id, pid, process_start, pods_version FROM nodes") {
                row throws(SQLiteError) in
                (
                    process: ProcessIdentity(
                        pid: Int32(truncatingIfNeeded: row.integer(1)),
                        startTicks: row.integer(2)
                    ),
                    point: PodsPoint(node: row.text(0), version: row.integer(3))
                )
            }
        }
        guard let rows else { throw .absent(location.directory) }
        return rows.first { $0.process.isRunning }?.point
    }

    /// Tells the node which of its states a proxy serves.
    package func note(_ point: PodsPoint, servedBy proxy: String) throws(StoreError) {
        try change { database throws(StoreError) in
            try database.run(
                "INSERT OR REPLACE INTO served_pods (proxy, node, version) VALUES (?, ?, ?)",
                [.text(proxy), .text(point.node), .integer(point.version)]
            )
        }
    }

    /// The newest of a node's states that all running proxies serve, its own left out; `nil` where there are no others.
    package func podsServed(ofNode node: String, besides own: Int32) throws(StoreError) -> Int64? {
        let others = try look { database throws(StoreError) in
            try database.rows(
                """
                SELECT pid, process_start, coalesce((SELECT version FROM served_pods \
                WHERE proxy = id AND node = ?), -1) FROM proxies WHERE pid <> ?
                """,
                [.text(node), .integer(Int64(own))]
            ) { row throws(SQLiteError) in
                (
                    process: ProcessIdentity(
                        pid: Int32(truncatingIfNeeded: row.integer(0)),
                        startTicks: row.integer(1)
                    ), version: row.integer(2)
                )
            }
        }
        return others?.filter(\.process.isRunning).map(\.version).min()
    }
}

/// Follows the pods of a store's node, for a proxy in another process: one call after the other, in one thread at a time.
///
/// A change is noticed when the node touches a file, and within a second otherwise: then a node that was killed, too.
package final class PodsFollower {
    package struct Change {
        package var point: PodsPoint?
        package var changed: [Resource]
        package var removed: [ResourceKey]
    }

    private let runtime: RuntimeStore
    private let watch: DirectoryWatch
    private let stop: EventDescriptor
    private var point: PodsPoint?
    private var known: [ResourceKey: StoredMeta] = [:]

    private static let checkMilliseconds: Int32 = 1000

    package init(at location: StoreLocation, stop: EventDescriptor) {
        // Whoever writes the file tells of its damages.
        runtime = RuntimeStore(at: location) { _ in }
        watch = DirectoryWatch(location.directory)
        self.stop = stop
    }

    /// What changed since the last look; `nil` if nothing did, or nothing can be read: then everything stays as it was.
    package func look() -> Change? {
        watch.renew()
        do throws(StoreError) {
            // The state first: pods may be newer than it, and never older.
            let point = try runtime.podsPoint()
            guard point != self.point else { return nil }
            let pods = point == nil ? [] : try runtime.livePods()
            let present = Set(pods.map(\.key))
            let change = Change(
                point: point,
                changed: pods.filter { known[$0.key] != $0.stored },
                removed: known.keys.filter { !present.contains($0) }
            )
            known = Dictionary(pods.compactMap { pod in pod.stored.map { (pod.key, $0) } }) { $1 }
            self.point = point
            return change
        } catch {
            return nil
        }
    }

    /// Waits until there may be something new; `false` for the stop signal.
    package func wait() -> Bool { watch.wait(milliseconds: Self.checkMilliseconds, unless: stop) }
}

extension StoreLocation {
    /// The file that a node touches when it has written what became of pods.
    static let podsChangedName = "pods-changed"
}
