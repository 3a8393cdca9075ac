// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension StoreReader {
    /// The changes of a host's routing, newest first; the last ``StoreWriter/keptChanges`` are kept.
    package func history(host: String, limit: Int = StoreWriter.keptChanges) throws(StoreError)
        -> [HostChange]
    {
        var changes = try database.rows(
            """
            SELECT revision, at, actor, reason, summary FROM host_changes WHERE host = ? \
            ORDER BY revision DESC LIMIT ?
            """,
            [.text(host), .integer(Int64(min(limit, StoreWriter.keptChanges)))]
        ) { row throws(SQLiteError) in
            HostChange(
                host: host,
                revision: row.integer(0),
                at: row.integer(1),
                actor: row.text(2),
                reason: row.optionalText(3),
                summary: row.text(4),
                objects: []
            )
        }
        for index in changes.indices {
            changes[index].objects = try keys(
                """
                SELECT kind, namespace, name FROM host_change_objects WHERE host = ? AND revision = ? \
                ORDER BY kind, namespace, name
                """,
                [.text(host), .integer(changes[index].revision)]
            )
        }
        return changes
    }

    /// The first revision as of which a host's routing is known; 0 if all of its changes are.
    package func knownSince(host: String) throws(StoreError) -> Int64 {
        try database.first(
            "SELECT revision FROM host_changes WHERE host = ? ORDER BY revision DESC LIMIT 1 OFFSET ?",
            [.text(host), .integer(Int64(StoreWriter.keptChanges))]
        ) { row throws(SQLiteError) in row.integer(0) } ?? 0
    }

    /// What an object was when a revision was the newest one.
    package func object(_ key: ResourceKey, asOf past: Int64) throws(StoreError) -> PastState {
        if let current = try object(key), current.meta.revision <= past { return .present(current) }
        let replaced = try database.first(
            """
            SELECT kind, namespace, name, \(StoredMeta.columns), body FROM past_objects \
            WHERE kind = ? AND namespace = ? AND name = ? AND replaced_revision > ? \
            ORDER BY replaced_revision LIMIT 1
            """,
            key.values + [.integer(past)]
        ) { row throws(SQLiteError) in StoredObject(key, row) }
        if let replaced, replaced.meta.revision <= past { return .present(replaced) }
        return try wasAbsent(key, asOf: past) ? .absent : .forgotten
    }

    private func wasAbsent(_ key: ResourceKey, asOf past: Int64) throws(StoreError) -> Bool {
        let isKnown = try database.first(
            """
            SELECT 1 FROM absences WHERE kind = ?1 AND namespace = ?2 AND name = ?3 \
            AND since <= ?4 AND coalesce(until > ?4, true) \
            UNION ALL SELECT 1 FROM store WHERE forgotten_past <= ?4 \
            AND NOT EXISTS (SELECT 1 FROM absences WHERE kind = ?1 AND namespace = ?2 AND name = ?3) \
            AND NOT EXISTS (SELECT 1 FROM past_objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3) \
            AND NOT EXISTS (SELECT 1 FROM objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3) \
            LIMIT 1
            """,
            key.values + [.integer(past)]
        ) { row throws(SQLiteError) in row.integer(0) }
        return isKnown != nil
    }
}
