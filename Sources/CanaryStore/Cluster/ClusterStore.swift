// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The file-backed cluster store: every object at the current revision, and the recent past.
///
/// A value is one connection. It may move between threads but is not shared by them, so it is not `Sendable`; each
/// thread and process opens its own. Readers never wait for writers and see one revision from the start of a `read` to
/// its end; writers wait for each other.
package final class ClusterStore {
    package let location: StoreLocation
    private let database: Database
    private let context: StoreContext

    private init(_ database: Database, at location: StoreLocation, context: StoreContext) {
        self.location = location
        self.database = database
        self.context = context
    }

    /// Opens the store for changes; makes it, and its directory, if there is none.
    package static func open(
        at location: StoreLocation,
        context: StoreContext = .system
    ) throws(StoreError) -> ClusterStore {
        try location.makeDirectory()
        let database = try Database.open(
            .cluster,
            at: location,
            lockTimeoutMilliseconds: context.lockTimeoutMilliseconds
        )
        let changed = location.path(of: StoreLocation.changedName)
        guard StoreLocation.isFileOrMissing(changed) else { throw .foreignFile(changed) }
        return ClusterStore(database, at: location, context: context)
    }

    /// Opens the store for reading; `nil` if there is none. Makes nothing.
    package static func openExisting(
        at location: StoreLocation,
        context: StoreContext = .system
    ) throws(StoreError) -> ClusterStore? {
        let database = try Database.openExisting(
            .cluster,
            at: location,
            lockTimeoutMilliseconds: context.lockTimeoutMilliseconds
        )
        return database.map { ClusterStore($0, at: location, context: context) }
    }

    /// Reads one unchanging state. Throws what `body` throws, and ``StoreError``. Reads do not nest.
    package func read<T>(_ body: (StoreReader) throws -> T) throws -> T {
        try database.read { () throws in
            try body(StoreReader(database))
        }
    }

    /// Changes the store in one transaction: exactly one new revision if anything changed, none otherwise, and nothing
    /// at all when `body` throws.
    ///
    /// Waits for its turn. `body` should not do anything slow, as everybody else waits for it.
    ///
    /// - Parameters:
    ///   - note: who changes the store, and why.
    ///   - dryRun: do everything, then roll it back.
    ///   - body: reads and changes the store.
    /// - Returns: what `body` returned, and the revision that it made (or, with `dryRun`, would have made).
    /// - Throws: what `body` throws, and ``StoreError``: with code `.busy` if it is not this writer's turn in time.
    @discardableResult
    package func write<T>(
        _ note: ChangeNote,
        dryRun: Bool = false,
        _ body: (StoreWriter) throws -> T
    ) throws -> StoreChange<T> {
        let change = try database.write {
            let writer = try StoreWriter(database, note: note, context: context)
            let value = try body(writer)
            try writer.finish()
            let change = StoreChange(value: value, revision: writer.newRevision)
            return (change, dryRun ? .rollBack : writer.hasRemovedSecret ? .commitAndForget : .commit)
        }
        if change.revision != nil, !dryRun { announce() }
        return change
    }

    /// Whether every page and index of the database is sound; `nil` if so, else SQLite's first finding. Reads the whole
    /// file.
    package func integrityProblem() throws(StoreError) -> String? {
        let finding = try database.first("PRAGMA integrity_check(1)", []) { row throws(SQLiteError) in
            row.text(0)
        }
        return finding == "ok" ? nil : finding
    }

    /// Whether the path still leads to this store's files.
    package var isIntact: Bool { database.isIntact }

    /// Changes whenever another connection has committed.
    func dataVersion() throws(StoreError) -> Int64 {
        try database.dataVersion()
    }

    /// What changed since a state that was seen; everything if that was another store's, or one that a restored backup
    /// has undone.
    func changes(since known: StorePoint?, keepingBodies keepsBodies: Bool) throws(StoreError) -> StoreChanges
    {
        try database.read { () throws(StoreError) in
            let reader = try StoreReader(database)
            guard let known, known.storeUID == reader.storeUID,
                try reader.commit(of: known.revision) ?? "" == known.commit
            else { return try reader.changes(after: 0, keepingBodies: keepsBodies) }
            return try reader.changes(after: known.revision, keepingBodies: keepsBodies)
        }
    }

    /// Wakes the processes that follow the store. They also look once a second, so that nothing is lost if this fails
    /// or the process is killed just before it.
    private func announce() { location.touch(StoreLocation.changedName) }
}

extension StoreLocation {
    /// The file that a writer touches after a commit.
    static let changedName = "changed"

    /// Wakes who watches the directory, which writing into a file does not.
    func touch(_ name: String) {
        let descriptor = unsafe Glibc.open(
            path(of: name),
            // What is no file, such as a pipe without a reader, must not hold up a change that is done.
            O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
            0o600
        )
        guard descriptor >= 0 else { return }
        // Touching, unlike writing, works on a full disk.
        futimens(descriptor, nil)
        close(descriptor)
    }
}

/// The outcome of a write transaction.
package struct StoreChange<Value> {
    package var value: Value
    /// `nil` if nothing changed.
    package var revision: Int64?
}

extension StoreChange: Sendable where Value: Sendable {}
