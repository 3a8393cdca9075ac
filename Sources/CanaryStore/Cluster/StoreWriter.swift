// SPDX-License-Identifier: Apache-2.0

package import CanaryModel

/// Reads and changes the store in one transaction. It is valid only inside of the closure that it was handed to.
///
/// The first change takes the next revision; all changes of the transaction share it.
package final class StoreWriter: StoreReader {
    package enum Outcome: Sendable {
        case created
        case changed
        case unchanged
    }

    /// How many changes of one object, and of one host's routing, `undo` and `history` can go back.
    package static let keptChanges = 100
    /// How many deleted objects are remembered, at least those of the last revision that deleted any.
    package static let keptDeletions = 10_000
    static let keptCommits: Int64 = 1000

    private let note: ChangeNote
    private let context: StoreContext
    private let keptDeletions: Int
    private var hasDeleted = false
    private var hostChanges: [(host: String, summary: String, objects: [ResourceKey])] = []
    /// The revision that this transaction makes; `nil` while it has changed nothing.
    package private(set) var newRevision: Int64?
    /// The id of the commit that this transaction makes.
    private let newCommit: String

    init(
        _ database: Database,
        note: ChangeNote,
        context: StoreContext,
        keptDeletions: Int = StoreWriter.keptDeletions
    ) throws(StoreError) {
        self.note = note
        self.context = context
        self.keptDeletions = keptDeletions
        newCommit = try Self.randomID(database)
        try super.init(database)
    }

    // MARK: - Changes

    /// Makes an object, or replaces it if its body is another one.
    ///
    /// - Parameters:
    ///   - key: the object's identity.
    ///   - body: UTF-8 text that the store keeps as it is.
    ///   - tokens: what the object can be found by; they replace the earlier ones. Changing them alone is no change of
    ///     the object.
    ///   - specChanged: whether anything but metadata and status differs, which counts `generation` up.
    ///   - routeEpochs: of a VirtualService, since when each HTTP route splits its traffic as it does.
    /// - Returns: what became of the object.
    /// - Throws: ``StoreError``.
    @discardableResult
    package func put(
        _ key: ResourceKey,
        body: [UInt8],
        tokens: Set<String>,
        specChanged: Bool = true,
        routeEpochs: [RouteEpoch] = []
    ) throws(StoreError) -> Outcome {
        guard let old = try existing(key) else {
            try create(key, body: body, tokens: tokens, routeEpochs: routeEpochs)
            return .created
        }
        try setTokens(tokens, of: old.id)
        guard old.object.body != body else { return .unchanged }
        let revision = changeRevision()
        try keepPast(old.object, replacedBy: revision)
        try database.run(
            """
            UPDATE objects SET revision = ?, generation = generation + ?, route_epochs = ?, body = ? \
            WHERE id = ?
            """,
            [
                .integer(revision), .integer(specChanged ? 1 : 0), StoredMeta.value(of: routeEpochs),
                .utf8(body), .integer(old.id),
            ]
        )
        return .changed
    }

    /// Removes an object; `false` if there is none.
    @discardableResult
    package func delete(_ key: ResourceKey) throws(StoreError) -> Bool {
        guard let old = try existing(key) else { return false }
        let revision = changeRevision()
        try keepPast(old.object, replacedBy: revision)
        try setTokens([], of: old.id)
        try database.run("DELETE FROM objects WHERE id = ?", [.integer(old.id)])
        try database.run(
            "INSERT OR REPLACE INTO tombstones (kind, namespace, name, revision) VALUES (?, ?, ?, ?)",
            key.values + [.integer(revision)]
        )
        hasDeleted = true
        return true
    }

    /// Notes what this transaction does to a host's routing, for `history HOST` and `undo HOST`. Without any change of
    /// an object nothing is noted.
    ///
    /// - Parameters:
    ///   - host: the host's full name, as ``StoreReader/history(host:limit:)`` is asked for it.
    ///   - summary: `created`, `set-weight v2 5 % → 10 %`.
    ///   - objects: the objects whose change this is; `undo` brings exactly these back.
    package func noteHostChange(_ host: String, summary: String, objects: [ResourceKey]) {
        hostChanges.append((host, summary, objects))
    }

    /// Writes what belongs to the transaction as a whole. Whether there is anything to commit is for the caller to see
    /// from `newRevision`.
    func finish() throws(StoreError) {
        guard let newRevision else { return }
        for change in hostChanges {
            try keep(change.host, change.summary, change.objects, at: newRevision)
        }
        try database.run("UPDATE store SET revision = ? WHERE id = 1", [.integer(newRevision)])
        try nameCommit(newRevision)
        if hasDeleted { try forgetOldDeletions() }
    }

    // MARK: - Objects

    /// The revision that the transaction's changes get.
    package var nextRevision: Int64 { newRevision ?? revision + 1 }

    /// What routes begin whose split this transaction changes.
    package var nextEpoch: RouteEpoch { RouteEpoch(revision: nextRevision, commit: newCommit) }

    private static func randomID(_ database: Database) throws(StoreError) -> String {
        let id = try database.first("SELECT lower(hex(randomblob(16)))", []) { row throws(SQLiteError) in
            row.text(0)
        }
        return id ?? ""
    }

    /// Whoever followed the store up to a revision whose commit is not kept any more starts afresh.
    private func nameCommit(_ revision: Int64) throws(StoreError) {
        try database.run(
            "INSERT OR REPLACE INTO commits (revision, id) VALUES (?, ?)",
            [.integer(revision), .text(newCommit)]
        )
        try database.run(
            "DELETE FROM commits WHERE revision <= ?",
            [.integer(revision - Self.keptCommits)]
        )
    }

    private func changeRevision() -> Int64 {
        let number = nextRevision
        newRevision = number
        return number
    }

    private func existing(_ key: ResourceKey) throws(StoreError) -> (id: Int64, object: StoredObject)? {
        try database.first(
            """
            SELECT kind, namespace, name, \(StoredMeta.columns), body, id FROM objects \
            WHERE kind = ? AND namespace = ? AND name = ?
            """,
            key.values
        ) { row throws(SQLiteError) in
            (id: row.integer(10), object: try StoredObject(row))
        }
    }

    private func create(
        _ key: ResourceKey,
        body: [UInt8],
        tokens: Set<String>,
        routeEpochs: [RouteEpoch]
    ) throws(StoreError) {
        let revision = changeRevision()
        let meta = StoredMeta(
            uid: context.newUID(),
            revision: revision,
            createdRevision: revision,
            generation: 1,
            createdAt: context.now(),
            routeEpochs: routeEpochs
        )
        let id = try database.first(
            """
            INSERT INTO objects (kind, namespace, name, \(StoredMeta.columns), body) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
            """,
            key.values + meta.values + [.utf8(body)]
        ) { row throws(SQLiteError) in row.integer(0) }
        guard let id else { throw .corrupt(database.path, "it made no row") }
        for token in tokens { try add(token, to: id) }
        try database.run(
            "DELETE FROM tombstones WHERE kind = ? AND namespace = ? AND name = ?",
            key.values
        )
    }

    private func setTokens(_ tokens: Set<String>, of id: Int64) throws(StoreError) {
        let old = Set(
            try database.rows("SELECT token FROM tokens WHERE object = ?", [.integer(id)]) {
                row throws(SQLiteError) in row.text(0)
            }
        )
        for token in old.subtracting(tokens) {
            try database.run(
                "DELETE FROM tokens WHERE token = ? AND object = ?",
                [.text(token), .integer(id)]
            )
        }
        for token in tokens.subtracting(old) { try add(token, to: id) }
    }

    private func add(_ token: String, to id: Int64) throws(StoreError) {
        try database.run(
            "INSERT INTO tokens (token, object) VALUES (?, ?)",
            [.text(token), .integer(id)]
        )
    }
}

// MARK: - The past

extension StoreWriter {
    /// Keeps the state that a change replaces. Secrets leave no trace.
    private func keepPast(_ object: StoredObject, replacedBy revision: Int64) throws(StoreError) {
        // What this transaction itself wrote was never the state of any revision.
        guard object.key.kind != .secret, object.meta.revision < revision else { return }
        try database.run(
            """
            INSERT INTO past_objects (kind, namespace, name, replaced_revision, replaced_at, actor, reason, \
            \(StoredMeta.columns), body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            object.key.values
                + [.integer(revision), .integer(context.now()), .text(note.actor), SQLValue(note.reason)]
                + object.meta.values + [.utf8(object.body)]
        )
        try database.run(
            """
            DELETE FROM past_objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3 AND replaced_revision <= \
            (SELECT replaced_revision FROM past_objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3 \
            ORDER BY replaced_revision DESC LIMIT 1 OFFSET ?4)
            """,
            object.key.values + [.integer(Int64(Self.keptChanges))]
        )
    }

    private func keep(
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

    private func forgetOldChanges(of host: String) throws(StoreError) {
        let limit = try database.first(
            "SELECT revision FROM host_changes WHERE host = ? ORDER BY revision DESC LIMIT 1 OFFSET ?",
            [.text(host), .integer(Int64(Self.keptChanges))]
        ) { row throws(SQLiteError) in row.integer(0) }
        guard let limit else { return }
        for table in ["host_changes", "host_change_objects"] {
            try database.run(
                "DELETE FROM \(table) WHERE host = ? AND revision <= ?",
                [.text(host), .integer(limit)]
            )
        }
    }

    /// Deleted names would pile up for ever where names are made up by programs.
    private func forgetOldDeletions() throws(StoreError) {
        let limit = try database.first(
            "SELECT revision FROM tombstones ORDER BY revision DESC LIMIT 1 OFFSET ?",
            [.integer(Int64(keptDeletions))]
        ) { row throws(SQLiteError) in row.integer(0) }
        guard let limit else { return }
        // Those of the limit itself stay, so that the last deletion stays whole however large it was.
        let oldest = SQLValue.integer(limit)
        try database.run(
            """
            DELETE FROM past_objects WHERE (kind, namespace, name) IN \
            (SELECT kind, namespace, name FROM tombstones WHERE revision < ?)
            """,
            [oldest]
        )
        try database.run("DELETE FROM tombstones WHERE revision < ?", [oldest])
        try database.run(
            "UPDATE store SET forgotten_revision = max(forgotten_revision, ? - 1) WHERE id = 1",
            [oldest]
        )
    }
}
