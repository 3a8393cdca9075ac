// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension ResourceKind {
    /// Whether objects of this kind decide about a host's routing, so that `undo` brings earlier states of them back. Of other
    /// kinds no past is kept, of Secrets least of all.
    package var hasPast: Bool { [.virtualService, .destinationRule, .rollout].contains(self) }
}

extension StoreWriter {
    // MARK: - Objects

    /// Keeps the state that a change replaces.
    func keepPast(_ object: StoredObject, replacedBy revision: Int64) throws(StoreError) {
        // What this transaction itself wrote was never the state of any revision.
        guard object.key.kind.hasPast, object.meta.revision < revision else { return }
        try database.run(
            """
            INSERT INTO past_objects (kind, namespace, name, replaced_revision, replaced_at, actor, reason, \
            \(StoredMeta.columns), body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            object.key.values
                + [.integer(revision), .integer(context.now()), .text(note.actor), SQLValue(note.reason)]
                + object.meta.values + [.utf8(object.body)]
        )
        try forgetAllBut(keptLast: "past_objects", "replaced_revision", of: object.key)
    }

    /// Notes that an object is not there from a revision on.
    func beginAbsence(of key: ResourceKey, at revision: Int64) throws(StoreError) {
        guard key.kind.hasPast else { return }
        try database.run(
            "INSERT OR REPLACE INTO absences (kind, namespace, name, since) VALUES (?, ?, ?, ?)",
            key.values + [.integer(revision)]
        )
    }

    /// Notes that an object is there from a revision on. What nothing is known of was not there as far back as anything is
    /// known.
    func endAbsence(of key: ResourceKey, at revision: Int64) throws(StoreError) {
        guard key.kind.hasPast else { return }
        let same = "kind = ?1 AND namespace = ?2 AND name = ?3"
        let start = try database.first(
            "SELECT since FROM absences WHERE \(same) AND until IS NULL ORDER BY since DESC LIMIT 1",
            key.values
        ) { row throws(SQLiteError) in row.integer(0) }
        if start == revision {
            // Deleted by this transaction: it was never away.
            try database.run("DELETE FROM absences WHERE \(same) AND until IS NULL", key.values)
            return
        }
        try database.run(
            """
            INSERT OR REPLACE INTO absences (kind, namespace, name, since, until) \
            SELECT ?1, ?2, ?3, coalesce(?5, forgotten_past), ?4 FROM store
            """,
            key.values + [.integer(revision), start.map(SQLValue.integer) ?? .null]
        )
        try forgetAllBut(keptLast: "absences", "until", of: key)
    }

    /// Forgets the oldest of an object's rows in a table. The columns' names are this file's own.
    private func forgetAllBut(
        keptLast table: String,
        _ end: String,
        of key: ResourceKey
    ) throws(StoreError) {
        let same = "kind = ?1 AND namespace = ?2 AND name = ?3"
        try database.run(
            """
            DELETE FROM \(table) WHERE \(same) AND \(end) <= \
            (SELECT \(end) FROM \(table) WHERE \(same) ORDER BY \(end) DESC LIMIT 1 OFFSET ?4)
            """,
            key.values + [.integer(Int64(Self.keptChanges))]
        )
    }

    // MARK: - Hosts

    func keep(
        _ host: String,
        _ summary: String,
        _ objects: [ResourceKey],
        at revision: Int64
    ) throws(StoreError) {
        try database.run(
            """
            INSERT OR REPLACE INTO host_changes (host, revision, at, actor, reason, summary) \
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                .text(host), .integer(revision), .integer(context.now()), .text(note.actor),
                SQLValue(note.reason), .text(summary),
            ]
        )
        for key in objects {
            try database.run(
                """
                INSERT OR REPLACE INTO host_change_objects (kind, namespace, name, host, revision) \
                VALUES (?, ?, ?, ?, ?)
                """,
                key.values + [.text(host), .integer(revision)]
            )
        }
        try forgetOldChanges(of: host)
    }

    /// One change more than are shown is kept: it tells that there were earlier ones (``StoreReader/knownSince(host:)``).
    private func forgetOldChanges(of host: String) throws(StoreError) {
        let limit = try database.first(
            "SELECT revision FROM host_changes WHERE host = ? ORDER BY revision DESC LIMIT 1 OFFSET ?",
            [.text(host), .integer(Int64(Self.keptChanges + 1))]
        ) { row throws(SQLiteError) in row.integer(0) }
        guard let limit else { return }
        for table in ["host_changes", "host_change_objects"] {
            try database.run(
                "DELETE FROM \(table) WHERE host = ? AND revision <= ?",
                [.text(host), .integer(limit)]
            )
        }
    }

    // MARK: - What does not exist any more

    /// Deleted names would pile up for ever where names are made up by programs.
    func forgetOldDeletions() throws(StoreError) {
        let limit = try database.first(
            "SELECT revision FROM tombstones ORDER BY revision DESC LIMIT 1 OFFSET ?",
            [.integer(Int64(limits.deletions))]
        ) { row throws(SQLiteError) in row.integer(0) }
        guard let limit else { return }
        // Those of the limit itself stay, so that the last deletion stays whole however large it was.
        let oldest = SQLValue.integer(limit)
        try database.run("DELETE FROM tombstones WHERE revision < ?", [oldest])
        try database.run(
            "UPDATE store SET forgotten_revision = max(forgotten_revision, ? - 1) WHERE id = 1",
            [oldest]
        )
    }

    /// Forgets the past of the objects that were deleted longest ago, and the changes of hosts that have no others.
    func forgetOldPast() throws(StoreError) {
        let limit = try database.first(
            "SELECT since FROM absences WHERE until IS NULL ORDER BY since DESC LIMIT 1 OFFSET ?",
            [.integer(Int64(limits.pastObjects))]
        ) { row throws(SQLiteError) in row.integer(0) }
        guard let limit else { return }
        let oldest = SQLValue.integer(limit)
        let forgotten = try keys(
            "SELECT kind, namespace, name FROM absences WHERE until IS NULL AND since < ?",
            [oldest]
        )
        for key in forgotten { try forget(key) }
        try database.run(
            "UPDATE store SET forgotten_past = max(forgotten_past, ? - 1) WHERE id = 1",
            [oldest]
        )
    }

    private func forget(_ key: ResourceKey) throws(StoreError) {
        let hosts = try database.rows(
            """
            SELECT DISTINCT host FROM host_change_objects AS mine \
            WHERE kind = ? AND namespace = ? AND name = ? AND NOT EXISTS \
            (SELECT 1 FROM host_change_objects AS other JOIN objects USING (kind, namespace, name) \
            WHERE other.host = mine.host)
            """,
            key.values
        ) { row throws(SQLiteError) in row.text(0) }
        for table in ["past_objects", "absences"] {
            try database.run(
                "DELETE FROM \(table) WHERE kind = ? AND namespace = ? AND name = ?",
                key.values
            )
        }
        // A host keeps its changes as long as any object of them is known.
        for host in hosts {
            for table in ["host_changes", "host_change_objects"] {
                try database.run(
                    """
                    DELETE FROM \(table) WHERE host = ?1 AND NOT EXISTS \
                    (SELECT 1 FROM host_change_objects AS mine JOIN absences USING (kind, namespace, name) \
                    WHERE mine.host = ?1)
                    """,
                    [.text(host)]
                )
            }
        }
    }
}
