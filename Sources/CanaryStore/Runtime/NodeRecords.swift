// SPDX-License-Identifier: Apache-2.0

package import CanarySystem
package import CanaryResources

/// A node as it reports about itself.
package struct NodeRecord: Hashable, Sendable {
    /// Unique among all nodes that ever ran on the store.
    package var id: String
    package var process: ProcessIdentity
    /// Milliseconds since 1970, UTC.
    package var startedAt: Int64
    /// The version of canaryctl that runs.
    package var version: String

    package init(id: String, process: ProcessIdentity, startedAt: Int64, version: String) {
        self.id = id
        self.process = process
        self.startedAt = startedAt
        self.version = version
    }
}

extension RuntimeStore {
    /// Makes the node the store's one, with these pods: those of an earlier node go.
    ///
    /// - Parameter version: of the pods, as ``PodsPoint`` has it.
    package func report(_ node: NodeRecord, pods: [Resource], version: Int64 = 0) throws(StoreError) {
        try change { database throws(StoreError) in
            try database.run("DELETE FROM nodes")
            try database.run("DELETE FROM pods")
            try database.run("DELETE FROM autoscalers")
            try database.run("DELETE FROM pod_deletions")
            try database.run(
                "INSERT INTO nodes (id, pid, process_start, started_at, version, pods_version) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    .text(node.id), .integer(Int64(node.process.pid)), .integer(node.process.startTicks),
                    .integer(node.startedAt), .text(node.version), .integer(version),
                ]
            )
            for pod in pods { try Self.put(pod, of: node.id, in: database) }
        }
        location.touch(StoreLocation.podsChangedName)
    }

    /// Writes what became of a node's pods, all or nothing.
    ///
    /// - Returns: whether the file knows the node. If not, its file is gone or another node has taken over.
    package func change(
        podsOf node: String,
        changed: [Resource],
        removed: [ResourceKey],
        version: Int64 = 0
    ) throws(StoreError) -> Bool {
        let isKnown = try change { database throws(StoreError) in
            guard try Self.knows(node, in: database) else { return false }
            for key in removed {
                try database.run(
                    "DELETE FROM pods WHERE namespace = ? AND name = ?",
                    [.text(key.namespace), .text(key.name)]
                )
            }
            for pod in changed { try Self.put(pod, of: node, in: database) }
            try database.run(
                "UPDATE nodes SET pods_version = ? WHERE id = ?",
                [.integer(version), .text(node)]
            )
            return true
        }
        if isKnown, !changed.isEmpty || !removed.isEmpty { location.touch(StoreLocation.podsChangedName) }
        return isKnown
    }

    /// Removes the node's entry as it ends, and what it told.
    package func remove(node id: String) throws(StoreError) {
        try change { database throws(StoreError) in
            try database.run("DELETE FROM pods WHERE node = ?", [.text(id)])
            try database.run("DELETE FROM autoscalers WHERE node = ?", [.text(id)])
            try database.run("DELETE FROM nodes WHERE id = ?", [.text(id)])
        }
        location.touch(StoreLocation.podsChangedName)
    }

    /// The node that runs now.
    package func liveNode() throws(StoreError) -> NodeRecord? {
        try lastNode().flatMap { $0.process.isRunning ? $0 : nil }
    }

    /// The pods of the node that runs now, by namespace and name: pods end with their node.
    package func livePods() throws(StoreError) -> [Resource] {
        guard let node = try liveNode() else { return [] }
        return try look { database throws(StoreError) in
            try database.rows(
                """
                SELECT namespace, name, uid, created_at, version, body FROM pods WHERE node = ? \
                ORDER BY namespace, name
                """,
                [.text(node.id)]
            ) { row throws(SQLiteError) in
                let key = ResourceKey(.pod, namespace: row.text(0), name: row.text(1))
                let meta = StoredMeta(
                    uid: row.text(2),
                    revision: row.integer(4),
                    createdRevision: 0,
                    generation: 0,
                    createdAt: row.integer(3)
                )
                return StoredObject(key: key, meta: meta, body: row.bytes(5))
            }
        }?.compactMap { try? $0.resource() } ?? []
    }

    private func lastNode() throws(StoreError) -> NodeRecord? {
        try look { database throws(StoreError) in
            try database.first("SELECT id, pid, process_start, started_at, version FROM nodes") {
                row throws(SQLiteError) in
                NodeRecord(
                    id: row.text(0),
                    process: ProcessIdentity(
                        pid: Int32(truncatingIfNeeded: row.integer(1)),
                        startTicks: row.integer(2)
                    ),
                    startedAt: row.integer(3),
                    version: row.text(4)
                )
            }
        } ?? nil
    }

    static func knows(_ node: String, in database: Database) throws(StoreError) -> Bool {
        try database.first("SELECT 1 FROM nodes WHERE id = ?", [.text(node)]) {
            _ throws(SQLiteError) in true
        } ?? false
    }

    private static func put(_ pod: Resource, of node: String, in database: Database) throws(StoreError) {
        guard let meta = pod.stored else { preconditionFailure("the node gives each pod its metadata") }
        try database.run(
            """
            INSERT OR REPLACE INTO pods (namespace, name, node, uid, created_at, version, body) \
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .text(pod.namespace), .text(pod.name), .text(node), .text(meta.uid), .integer(meta.createdAt),
                .integer(meta.revision), .blob(Array(JSONWriter.canonical(pod.body).utf8)),
            ]
        )
    }
}
