// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

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
    static let keptCommits: Int64 = 1000

    /// How much is remembered of what does not exist any more.
    struct Limits {
        /// Deleted keys for those who follow changes, at least those of the last revision that deleted any.
        var deletions = 10_000
        /// Deleted objects whose past `undo` can bring back, at least those of the last revision that deleted any.
        var pastObjects = 50_000
    }

    package let note: ChangeNote
    let context: StoreContext
    let limits: Limits
    private var hasDeleted = false
    /// Whether data of a Secret went, which is not to stay in the log.
    private(set) var hasRemovedSecret = false
    /// Whether there are rows of damaged kind; `nil` until somebody asked.
    private var hasDamagedKinds: Bool?
    private var hostChanges: [(host: String, summary: String, objects: [ResourceKey])] = []
    /// The revision that this transaction makes; `nil` while it has changed nothing.
    package private(set) var newRevision: Int64?
    /// The id of the commit that this transaction makes.
    private let newCommit: String

    init(
        _ database: Database,
        note: ChangeNote,
        context: StoreContext,
        limits: Limits = Limits()
    ) throws(StoreError) {
        self.note = note
        self.context = context
        self.limits = limits
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
    ///   - identity: an earlier state of the object whose identity and age it has again; `nil` leaves it what it has.
    /// - Returns: what became of the object.
    /// - Throws: ``StoreError``.
    @discardableResult
    package func put(
        _ key: ResourceKey,
        body: [UInt8],
        tokens: Set<String>,
        specChanged: Bool = true,
        routeEpochs: [RouteEpoch] = [],
        identity: StoredMeta? = nil
    ) throws(StoreError) -> Outcome {
        guard let old = try existing(key) else {
            try create(key, body: body, tokens: tokens, routeEpochs: routeEpochs, identity: identity)
            return .created
        }
        try setTokens(tokens, of: old.id)
        let meta = old.object.meta
        let (uid, createdRevision, createdAt) =
            identity.map { ($0.uid, $0.createdRevision, $0.createdAt) }
            ?? (meta.uid, meta.createdRevision, meta.createdAt)
        guard old.object.body != body || meta.uid != uid || meta.createdRevision != createdRevision else {
            return .unchanged
        }
        let revision = changeRevision()
        hasRemovedSecret = hasRemovedSecret || key.kind == .secret
        try keepPast(old.object, replacedBy: revision)
        // Counted on from whichever state came further, so that no generation comes again.
        let generation = max(meta.generation, identity?.generation ?? 0) &+ (specChanged ? 1 : 0)
        try database.run(
            """
            UPDATE objects SET uid = ?, revision = ?, created_revision = ?, generation = ?, created_at = ?, \
            route_epochs = ?, body = ? WHERE id = ?
            """,
            [
                .text(uid), .integer(revision), .integer(createdRevision), .integer(generation),
                .integer(createdAt), StoredMeta.value(of: routeEpochs), .utf8(body), .integer(old.id),
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
        try beginAbsence(of: key, at: revision)
        if key.kind == .deployment { try keep([StoredTemplate](), of: key) }
        hasDeleted = true
        hasRemovedSecret = hasRemovedSecret || key.kind == .secret
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
        if hasDeleted { try forgetOldPast() }
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

    func changeRevision() -> Int64 {
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
            (id: row.integer(10), object: StoredObject(key, row))
        }
    }

    private func create(
        _ key: ResourceKey,
        body: [UInt8],
        tokens: Set<String>,
        routeEpochs: [RouteEpoch],
        identity: StoredMeta?
    ) throws(StoreError) {
        let revision = changeRevision()
        let meta = StoredMeta(
            uid: identity?.uid ?? context.newUID(),
            revision: revision,
            createdRevision: identity?.createdRevision ?? revision,
            generation: identity?.generation ?? 1,
            createdAt: identity?.createdAt ?? context.now(),
            routeEpochs: routeEpochs
        )
        try removeDamagedRows(of: key)
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
        try endAbsence(of: key, at: revision)
    }

    /// Removes rows whose kind is damaged and whose text says that they are this object, which is written anew, or says
    /// nothing any more.
    private func removeDamagedRows(of key: ResourceKey) throws(StoreError) {
        if hasDamagedKinds == nil { hasDamagedKinds = try !rowsOfUnknownKind().isEmpty }
        guard hasDamagedKinds == true else { return }
        let damaged = Self.ofUnknownKind
        let rows = try database.rows(
            """
            SELECT id FROM objects WHERE \(damaged.condition) AND namespace = ? AND name = ? \
            AND coalesce(CASE WHEN json_valid(body) THEN json_extract(body, '$.kind') = ? END, TRUE)
            """,
            damaged.values + [.text(key.namespace), .text(key.name), .text(key.kind.rawValue)]
        ) { row throws(SQLiteError) in row.integer(0) }
        for id in rows {
            try setTokens([], of: id)
            try database.run("DELETE FROM objects WHERE id = ?", [.integer(id)])
        }
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
