// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// A pod that somebody wants to end; what runs the pods puts another in its place.
package struct PodDeletion: Hashable, Sendable {
    package var key: ResourceKey
    /// Another pod of the name is not meant.
    package var uid: String
    /// `nil` is the pod's own.
    package var gracePeriod: Duration?

    package init(_ key: ResourceKey, uid: String, gracePeriod: Duration?) {
        self.key = key
        self.uid = uid
        self.gracePeriod = gracePeriod
    }
}

extension RuntimeStore {
    /// Leaves word for the node; of several about one pod the last counts.
    package func order(_ deletions: [PodDeletion]) throws(StoreError) {
        try change { database throws(StoreError) in
            for deletion in deletions {
                try database.run(
                    """
                    INSERT OR REPLACE INTO pod_deletions (namespace, name, uid, grace_milliseconds) \
                    VALUES (?, ?, ?, ?)
                    """,
                    [
                        .text(deletion.key.namespace), .text(deletion.key.name), .text(deletion.uid),
                        deletion.gracePeriod.map { .integer(Int64($0.milliseconds)) } ?? .null,
                    ]
                )
            }
        }
        location.touch(StoreLocation.deletionsName)
    }

    /// What was left for the node, once.
    package func takeDeletions() throws(StoreError) -> [PodDeletion] {
        // Most times there is nothing, and nothing is to be written then.
        guard try !deletions().isEmpty else { return [] }
        return try change { database throws(StoreError) in
            let found = try Self.deletions(in: database)
            try database.run("DELETE FROM pod_deletions")
            return found
        }
    }

    private func deletions() throws(StoreError) -> [PodDeletion] {
        try look(Self.deletions) ?? []
    }

    private static func deletions(in database: Database) throws(StoreError) -> [PodDeletion] {
        try database.rows("SELECT namespace, name, uid, grace_milliseconds FROM pod_deletions") {
            row throws(SQLiteError) in
            PodDeletion(
                ResourceKey(.pod, namespace: row.text(0), name: row.text(1)),
                uid: row.text(2),
                gracePeriod: row.optionalInteger(3).map { .milliseconds($0) }
            )
        }
    }
}

/// Notices that somebody left word of pods to end.
package final class DeletionWatch {
    private let watch: DirectoryWatch

    package init(at location: StoreLocation) {
        watch = DirectoryWatch(location.directory, only: StoreLocation.deletionsName)
    }

    /// Readable when something happened in the store's directory; -1 where that cannot be watched.
    package var descriptor: Int32 { watch.descriptor }

    /// Before looking: a directory may have come in the place of another one.
    package func renew() { watch.renew() }

    /// Whether it was that. Other news are forgotten.
    package func hasNews() -> Bool { watch.takeEvents() }
}

extension StoreLocation {
    /// The file that is touched when there is word for the node.
    fileprivate static let deletionsName = "pods-deleted"
}
