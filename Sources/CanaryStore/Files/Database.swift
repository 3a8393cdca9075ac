// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A connection to one of the store's databases, with the rules that make many processes safe on it.
///
/// SQLite before 3.51.3 can lose a committed transaction when a checkpoint overlaps with another one and with a commit
/// that starts the write-ahead log anew (https://sqlite.org/wal.html, "the WAL-reset bug"). So every change and every
/// checkpoint holds one `flock`ed lock file, and nothing else ever checkpoints: not a commit, not the last connection
/// that closes. The lock also keeps writers from starving each other, which SQLite's own polling does not.
///
/// The log is emptied by the first writer that finds it longer than ``logLimit``. It stays behind when the last process
/// ends, and the next one reads it anew, so the limit bounds how long opening takes.
final class Database {
    /// In bytes; reading such a log takes about a millisecond.
    private static let logLimit: Int64 = 1 << 20
    /// For the moments in which another process holds SQLite's own locks: recovery of the log after a crash.
    static let busyTimeoutMilliseconds: Int32 = 5000

    let path: String
    let location: StoreLocation
    let format: DatabaseFormat
    private let lockTimeoutMilliseconds: Int64
    let connection: Connection
    /// The file that the connection has open.
    private let identity: FileIdentity

    private init(
        _ format: DatabaseFormat,
        at location: StoreLocation,
        access: Connection.Access,
        lockTimeoutMilliseconds: Int64
    ) throws(StoreError) {
        self.format = format
        self.location = location
        self.lockTimeoutMilliseconds = lockTimeoutMilliseconds
        path = location.path(of: format.name)
        guard let identity = FileIdentity(path: path) else { throw .absent(location.directory) }
        self.identity = identity
        do throws(SQLiteError) {
            connection = try Connection(
                path: path,
                access: access,
                busyTimeoutMilliseconds: Self.busyTimeoutMilliseconds
            )
            try connection.execute(
                """
                PRAGMA temp_store = MEMORY;
                PRAGMA cell_size_check = ON;
                PRAGMA secure_delete = ON;
                PRAGMA synchronous = \(format.synchronous);
                """
            )
        } catch {
            throw StoreError(error, "open", path)
        }
    }

    /// Opens the database for changes; makes it if there is none, but never its directory.
    ///
    /// - Throws: `.absent` where the directory is not there: a running proxy must not make one at the place of a store that was
    ///   moved away, as it could not be moved back then.
    static func open(
        _ format: DatabaseFormat,
        at location: StoreLocation,
        lockTimeoutMilliseconds: Int64
    ) throws(StoreError) -> Database {
        guard try location.isOwnDirectory() else { throw .absent(location.directory) }
        if !(try isPresent(format, at: location)) {
            try makeFile(format, at: location, lockTimeoutMilliseconds: lockTimeoutMilliseconds)
        }
        let database = try Database(
            format,
            at: location,
            access: .readWrite,
            lockTimeoutMilliseconds: lockTimeoutMilliseconds
        )
        if try database.read(database.schemaVersion) < format.schemaVersion {
            try database.migrate()
        }
        return database
    }

    /// Opens the database for reading; `nil` if there is none, or nothing in it yet. One of an older format is brought
    /// up to date first.
    static func openExisting(
        _ format: DatabaseFormat,
        at location: StoreLocation,
        lockTimeoutMilliseconds: Int64
    ) throws(StoreError) -> Database? {
        guard try location.isOwnDirectory(), try isPresent(format, at: location) else { return nil }
        if FileIdentity(path: location.path(of: format.name) + "-journal") != nil {
            // The first versions could be killed while they made a database. Only a writer can put that right.
            return try open(format, at: location, lockTimeoutMilliseconds: lockTimeoutMilliseconds)
        }
        if FileIdentity(path: location.path(of: format.name) + "-shm") == nil,
            unsafe access(location.directory, W_OK) != 0
        {
            throw .noIndex(location.path(of: format.name))
        }
        let database = try Database(
            format,
            at: location,
            access: .readOnly,
            lockTimeoutMilliseconds: lockTimeoutMilliseconds
        )
        switch try database.read(database.schemaVersion) {
        case 0: return nil
        case format.schemaVersion: return database
        default: return try open(format, at: location, lockTimeoutMilliseconds: lockTimeoutMilliseconds)
        }
    }

    /// Whether the path still leads to the file that this connection has open, and readers may map its index: somebody
    /// who copies a backup over a running store cuts the mapped file off for a moment, and reading it then is SIGBUS.
    var isIntact: Bool {
        guard FileIdentity(path: path) == identity else { return false }
        return FileIdentity(path: path + "-shm").map { $0.size >= 32768 } ?? false
    }
}

// MARK: - Statements

extension Database {
    func rows<T>(
        _ sql: String,
        _ values: [SQLValue] = [],
        _ map: (Row) throws(SQLiteError) -> T
    ) throws(StoreError) -> [T] {
        do throws(SQLiteError) {
            return try connection.statement(sql).rows(values, map)
        } catch {
            throw StoreError(error, "read", path)
        }
    }

    func first<T>(
        _ sql: String,
        _ values: [SQLValue] = [],
        _ map: (Row) throws(SQLiteError) -> T
    ) throws(StoreError) -> T? {
        do throws(SQLiteError) {
            return try connection.statement(sql).first(values, map)
        } catch {
            throw StoreError(error, "read", path)
        }
    }

    func run(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) {
        do throws(SQLiteError) {
            try connection.statement(sql).run(values)
        } catch {
            throw StoreError(error, "change", path)
        }
    }

    /// Changes whenever another connection has committed since.
    func dataVersion() throws(StoreError) -> Int64 {
        try first("PRAGMA data_version", [], { row throws(SQLiteError) in row.integer(0) }) ?? 0
    }
}

// MARK: - Transactions

extension Database {
    /// What becomes of a change when its body ends without an error.
    enum Ending {
        case commit
        /// Something was removed that shall not stay behind: the log is emptied, however short it is. Pages of the database never
        /// keep what was deleted in them.
        case commitAndForget
        case rollBack
    }

    /// Runs `body` on one unchanging state of the database.
    func read<T>(_ body: () throws -> T) throws -> T {
        try run("BEGIN")
        defer { rollBack() }
        return try body()
    }

    /// As the other `read`, for a body that only reads.
    func read<T>(_ body: () throws(StoreError) -> T) throws(StoreError) -> T {
        try run("BEGIN")
        defer { rollBack() }
        return try body()
    }

    /// Runs `body` as the only writer. It says at its end whether the change shall stand.
    func write<T>(_ body: () throws -> (T, Ending)) throws -> T {
        let lock = try beginWrite()
        return try withExtendedLifetime(lock) {
            let logSize = logSize
            defer { takeBack(logSize) }
            let (result, ending) = try body()
            if ending != .rollBack { try commit(forgets: ending == .commitAndForget) }
            return result
        }
    }

    /// As the other `write`, for a body that only changes the database.
    func write<T>(_ body: () throws(StoreError) -> (T, Ending)) throws(StoreError) -> T {
        let lock = try beginWrite()
        return try withExtendedLifetime(lock) { () throws(StoreError) in
            let logSize = logSize
            defer { takeBack(logSize) }
            let (result, ending) = try body()
            if ending != .rollBack { try commit(forgets: ending == .commitAndForget) }
            return result
        }
    }

    private func beginWrite() throws(StoreError) -> StoreLock {
        // Before the lock, so that none is made for nothing, and under it, when nobody replaces the file any more.
        guard FileIdentity(path: path) == identity else { throw .replaced(path) }
        let lock = try acquireLock()
        guard FileIdentity(path: path) == identity else { throw .replaced(path) }
        try run("BEGIN IMMEDIATE")
        return lock
    }

    private func commit(forgets: Bool) throws(StoreError) {
        try run("COMMIT")
        emptyLog(longerThan: forgets ? 0 : Self.logLimit)
    }

    /// Ends a change that was not committed. What of a large one was in the log already, Secrets too, does not stay there.
    private func takeBack(_ logSizeBefore: Int64) {
        guard connection.isInTransaction else { return }
        rollBack()
        if logSize > logSizeBefore { emptyLog(longerThan: 0) }
    }

    private var logSize: Int64 { FileIdentity(path: path + "-wal")?.size ?? 0 }

    func acquireLock() throws(StoreError) -> StoreLock {
        try StoreLock(
            path: location.path(of: format.lockName),
            guarding: path,
            timeoutMilliseconds: lockTimeoutMilliseconds
        )
    }

    /// Ends a transaction that a commit has not ended. It cannot fail in a way that matters: what SQLite did not write
    /// is gone when the connection closes.
    func rollBack() {
        guard connection.isInTransaction else { return }
        try? connection.execute("ROLLBACK")
    }

    /// Failing is no error: the commit stands in the log, and the next writer tries again. The caller holds the lock.
    private func emptyLog(longerThan limit: Int64) {
        guard logSize > limit else { return }
        // Readers of the old state are left alone instead of waited for.
        connection.setBusyTimeout(milliseconds: 0)
        defer { connection.setBusyTimeout(milliseconds: Self.busyTimeoutMilliseconds) }
        try? connection.checkpoint()
    }
}
