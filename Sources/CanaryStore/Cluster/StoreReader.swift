// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Reads one unchanging state of the store. It is valid only inside of the closure that it was handed to.
package class StoreReader {
    let database: Database
    /// The last committed revision; 0 in a new store.
    package let revision: Int64
    /// Tells this store from another one that came to the same place: revisions of two stores cannot be compared.
    package let storeUID: String
    /// The random id of the last commit; empty in a new store. Unlike its revision, it never comes again.
    package let commit: String
    /// Of deletions up to this revision nothing is known any more.
    private let forgottenRevision: Int64

    init(_ database: Database) throws(StoreError) {
        self.database = database
        let state = try database.first("SELECT revision, uid, forgotten_revision FROM store WHERE id = 1", [])
        {
            row throws(SQLiteError) in
            (revision: row.integer(0), uid: row.text(1), forgotten: row.integer(2))
        }
        guard let state else { throw .corrupt(database.path, "its revision is missing") }
        revision = state.revision
        storeUID = state.uid
        forgottenRevision = state.forgotten
        commit = try Self.commit(of: state.revision, in: database) ?? ""
    }

    /// The id of a revision's commit; `nil` for one that is not known any more.
    package func commit(of revision: Int64) throws(StoreError) -> String? {
        try Self.commit(of: revision, in: database)
    }

    private static func commit(of revision: Int64, in database: Database) throws(StoreError) -> String? {
        try database.first("SELECT id FROM commits WHERE revision = ?", [.integer(revision)]) {
            row throws(SQLiteError) in row.text(0)
        }
    }

    // MARK: - The current state

    package func object(_ key: ResourceKey) throws(StoreError) -> StoredObject? {
        try objects(where: "kind = ? AND namespace = ? AND name = ?", key.values).first
    }

    /// All objects of a kind, or of every kind, in one namespace or all of them; ordered by kind, namespace and name.
    package func objects(
        kind: ResourceKind? = nil,
        namespace: String? = nil
    ) throws(StoreError) -> [StoredObject] {
        let (condition, values) = Self.filter(kind, namespace)
        return try objects(where: "\(condition) ORDER BY kind, namespace, name", values)
    }

    /// As ``objects(kind:namespace:)``, without reading any body.
    package func keys(
        kind: ResourceKind? = nil,
        namespace: String? = nil
    ) throws(StoreError) -> [ResourceKey] {
        let (condition, values) = Self.filter(kind, namespace)
        return try keys(
            "SELECT kind, namespace, name FROM objects WHERE \(condition) ORDER BY kind, namespace, name",
            values
        )
    }

    package func count() throws(StoreError) -> Int {
        Int(
            try database.first("SELECT count(*) FROM objects", []) { row throws(SQLiteError) in
                row.integer(0)
            } ?? 0
        )
    }

    /// The objects that carry a token, ordered by key.
    package func objects(token: String) throws(StoreError) -> [StoredObject] {
        try objects(
            where: "id IN (SELECT object FROM tokens WHERE token = ?) ORDER BY kind, namespace, name",
            [.text(token)]
        )
    }

    /// The keys of the objects that carry a token, in key order.
    package func keys(token: String) throws(StoreError) -> [ResourceKey] {
        try keys(
            """
            SELECT kind, namespace, name FROM objects WHERE id IN (SELECT object FROM tokens WHERE token = ?) \
            ORDER BY kind, namespace, name
            """,
            [.text(token)]
        )
    }

    /// The tokens that begin with some text, each once, in order.
    package func tokens(beginningWith start: String) throws(StoreError) -> [String] {
        try database.rows(
            "SELECT DISTINCT token FROM tokens WHERE token >= ? AND substr(token, 1, ?) = ? ORDER BY token",
            [.text(start), .integer(Int64(start.unicodeScalars.count)), .text(start)]
        ) { row throws(SQLiteError) in row.text(0) }
    }

    /// The namespaces that objects are in, in order.
    package func namespaces() throws(StoreError) -> [String] {
        try database.rows("SELECT DISTINCT namespace FROM objects ORDER BY namespace", []) {
            row throws(SQLiteError) in row.text(0)
        }
    }

    // MARK: - Following

    /// What changed after a revision. Everything, if the store cannot tell: because it forgot the deletions since then,
    /// or has not come as far as the revision (an older copy was brought back).
    ///
    /// - Parameter keepsBodies: whether objects have their bodies, or are typed views alone.
    package func changes(after known: Int64, keepingBodies keepsBodies: Bool = true)
        throws(StoreError) -> StoreChanges
    {
        let isComplete = !(known > 0 && known >= forgottenRevision && known <= revision)
        var changes = StoreChanges(
            storeUID: storeUID,
            revision: revision,
            commit: commit,
            isComplete: isComplete,
            changed: [],
            damaged: [],
            deleted: [],
            unreadable: try rowsOfUnknownKind()
        )
        if !isComplete {
            changes.deleted = try keys(
                "SELECT kind, namespace, name FROM tombstones WHERE revision > ? ORDER BY kind, namespace, name",
                [.integer(known)]
            )
        }
        let objects = try rows(
            where: "\(isComplete ? "TRUE" : "revision > ?") ORDER BY kind, namespace, name",
            isComplete ? [] : [.integer(known)]
        ) { Changed($0, $1, keepsBodies) }
        changes.changed.reserveCapacity(objects.count)
        for object in objects {
            switch object {
            case .intact(let resource): changes.changed.append(resource)
            case .damaged(let object, let error):
                changes.damaged.append(DamagedObject(standIn: try standIn(for: object), error: error))
            }
        }
        return changes
    }

    /// What a row says to those who follow: made while the row is there, so that the texts of all are never in memory at once.
    private enum Changed {
        case intact(Resource)
        case damaged(StoredObject, JSONError)

        init(_ key: ResourceKey, _ row: Row, _ keepsBodies: Bool) {
            do throws(JSONError) {
                let body = try row.body()
                let meta = StoredMeta(row)
                self = .intact(
                    keepsBodies
                        ? Resource(key: key, body: body, stored: meta)
                        : Resource(viewOf: body, key: key, stored: meta)
                )
            } catch {
                self = .damaged(StoredObject(key, row), error)
            }
        }
    }

    // MARK: - Rows

    func objects(where condition: String, _ values: [SQLValue]) throws(StoreError) -> [StoredObject] {
        try rows(where: condition, values, StoredObject.init)
    }

    private func rows<T>(
        where condition: String,
        _ values: [SQLValue],
        _ make: (ResourceKey, Row) -> T
    ) throws(StoreError) -> [T] {
        try database.rows(
            "SELECT kind, namespace, name, \(StoredMeta.columns), body FROM objects WHERE \(condition)",
            values
        ) { row throws(SQLiteError) in
            Self.key(row).map { make($0, row) }
        }.compactMap(\.self)
    }

    func keys(_ sql: String, _ values: [SQLValue]) throws(StoreError) -> [ResourceKey] {
        try database.rows(sql, values) { row throws(SQLiteError) in Self.key(row) }.compactMap(\.self)
    }

    /// From the first three columns of a row. One of damaged kind is left out: it stands in nobody else's way, and
    /// ``rowsOfUnknownKind()`` names it.
    private static func key(_ row: Row) -> ResourceKey? {
        ResourceKind(rawValue: row.text(0)).map {
            ResourceKey($0, namespace: row.text(1), name: row.text(2))
        }
    }

    private static func filter(_ kind: ResourceKind?, _ namespace: String?) -> (String, [SQLValue]) {
        switch (kind, namespace) {
        case (nil, nil): ("TRUE", [])
        case (let kind?, nil): ("kind = ?", [.text(kind.rawValue)])
        case (nil, let namespace?):
            // Naming the kinds lets SQLite use the index, which starts with them.
            (
                "kind IN (\(ResourceKind.allCases.map { _ in "?" }.joined(separator: ", "))) AND namespace = ?",
                ResourceKind.allCases.map { .text($0.rawValue) } + [.text(namespace)]
            )
        case (let kind?, let namespace?):
            ("kind = ? AND namespace = ?", [.text(kind.rawValue), .text(namespace)])
        }
    }
}

// MARK: - Columns

extension ResourceKey {
    /// The values of the columns `kind`, `namespace` and `name`.
    var values: [SQLValue] { [.text(kind.rawValue), .text(namespace), .text(name)] }
}

extension StoredMeta {
    static let columns = "uid, revision, created_revision, generation, created_at, route_epochs"

    /// From the columns behind `kind, namespace, name`.
    init(_ row: Row) {
        self.init(
            uid: row.text(3),
            revision: row.integer(4),
            createdRevision: row.integer(5),
            generation: row.integer(6),
            createdAt: row.integer(7),
            routeEpochs: Self.epochs(row.text(8))
        )
    }

    /// The values of ``columns``.
    var values: [SQLValue] {
        [
            .text(uid), .integer(revision), .integer(createdRevision), .integer(generation),
            .integer(createdAt), Self.value(of: routeEpochs),
        ]
    }

    /// Epochs of routes as a column holds them: `7@3f…,3@a0…`.
    static func value(of epochs: [RouteEpoch]) -> SQLValue {
        .text(epochs.map { "\($0.revision)@\($0.commit)" }.joined(separator: ","))
    }

    static func epochs(_ text: String) -> [RouteEpoch] {
        // Most routes of an object have the same one, which is then read and kept once.
        var last: (text: ArraySlice<UInt8>, epoch: RouteEpoch) = ([], .none)
        // Bytes of an array, whose parts are compared many times as fast as those of a string.
        return Array(text.utf8).split(separator: UInt8(ascii: ",")).map { entry in
            guard entry != last.text else { return last.epoch }
            let end = entry.firstIndex(of: UInt8(ascii: "@")) ?? entry.endIndex
            let epoch = RouteEpoch(
                revision: Int64(String(decoding: entry[..<end], as: UTF8.self)) ?? 0,
                commit: String(decoding: entry[end...].dropFirst(), as: UTF8.self)
            )
            last = (entry, epoch)
            return epoch
        }
    }
}

extension StoredObject {
    /// From the columns `kind, namespace, name`, those of `StoredMeta`, and `body`.
    init(_ key: ResourceKey, _ row: Row) {
        self.key = key
        meta = StoredMeta(row)
        body = row.bytes(9)
    }
}

extension Row {
    /// The column behind those of ``StoredMeta``, read.
    fileprivate func body() throws(JSONError) -> Node {
        try unsafe withBytes(9) { bytes throws(JSONError) in
            try unsafe JSONReader.read(bytes.bindMemory(to: UInt8.self))
        }
    }
}
