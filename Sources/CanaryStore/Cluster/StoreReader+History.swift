// SPDX-License-Identifier: Apache-2.0

package import CanaryModel

extension StoreReader {
    /// The changes of a host's routing, newest first; the last ``StoreWriter/keptChanges`` are kept.
    package func history(host: String, limit: Int = Int.max) throws(StoreError) -> [HostChange] {
        var changes = try database.rows(
            """
            SELECT revision, at, actor, reason, summary FROM host_changes WHERE host = ? \
            ORDER BY revision DESC LIMIT ?
            """,
            [.text(host), .integer(Int64(limit))]
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

    /// The newest change of a host's routing: what `undo` takes back.
    package func lastChange(host: String) throws(StoreError) -> HostChange? {
        try history(host: host, limit: 1).first
    }

    /// What an object was when a revision was the newest one. Of a deleted Secret nothing is known: it reads as absent.
    package func object(_ key: ResourceKey, asOf past: Int64) throws(StoreError) -> PastState {
        let replaced = try database.first(
            """
            SELECT kind, namespace, name, \(StoredMeta.columns), body FROM past_objects \
            WHERE kind = ? AND namespace = ? AND name = ? AND replaced_revision > ? \
            ORDER BY replaced_revision LIMIT 1
            """,
            key.values + [.integer(past)]
        ) { row throws(SQLiteError) in try StoredObject(row) }
        let current = replaced == nil ? try object(key) : nil
        guard let state = replaced ?? current, state.meta.createdRevision <= past else { return .absent }
        return state.meta.revision <= past ? .present(state) : .forgotten
    }
}
