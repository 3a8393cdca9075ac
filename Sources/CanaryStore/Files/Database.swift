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
    private static let busyTimeoutMilliseconds: Int32 = 5000

    let path: String
    private let location: StoreLocation
    private let format: DatabaseFormat
    private let lockTimeoutMilliseconds: Int64
    private let connection: Connection
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
                PRAGMA synchronous = \(format.synchronous);
                """
            )
        } catch {
            throw StoreError(error, "open", path)
        }
    }

    /// Opens the database for changes; makes it, and its directory, if there is none.
    static func open(
        _ format: DatabaseFormat,
        at location: StoreLocation,
        lockTimeoutMilliseconds: Int64
    ) throws(StoreError) -> Database {
        try location.makeDirectory()
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
            defer { rollBack() }
            let (result, ending) = try body()
            if ending == .commit { try commit() }
            return result
        }
    }

    /// As the other `write`, for a body that only changes the database.
    func write<T>(_ body: () throws(StoreError) -> (T, Ending)) throws(StoreError) -> T {
        let lock = try beginWrite()
        return try withExtendedLifetime(lock) { () throws(StoreError) in
            defer { rollBack() }
            let (result, ending) = try body()
            if ending == .commit { try commit() }
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

    private func commit() throws(StoreError) {
        try run("COMMIT")
        emptyLongLog()
    }

    private func acquireLock() throws(StoreError) -> StoreLock {
        try StoreLock(
            path: location.path(of: format.lockName),
            guarding: path,
            timeoutMilliseconds: lockTimeoutMilliseconds
        )
    }

    /// Ends a transaction that a commit has not ended. It cannot fail in a way that matters: what SQLite did not write
    /// is gone when the connection closes.
    private func rollBack() {
        guard connection.isInTransaction else { return }
        try? connection.execute("ROLLBACK")
    }

    /// Failing is no error: the commit stands in the log, and the next writer tries again. The caller holds the lock.
    private func emptyLongLog() {
        guard let log = FileIdentity(path: path + "-wal"), log.size > Self.logLimit else { return }
        // Readers of the old state are left alone instead of waited for.
        connection.setBusyTimeout(milliseconds: 0)
        defer { connection.setBusyTimeout(milliseconds: Self.busyTimeoutMilliseconds) }
        try? connection.checkpoint()
    }
}

// MARK: - Making and upgrading

extension Database {
    private static func isPresent(
        _ format: DatabaseFormat,
        at location: StoreLocation
    ) throws(StoreError) -> Bool {
        let path = location.path(of: format.name)
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return false }
            throw .system("open", path, errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .foreignFile(path) }
        return true
    }

    /// Makes an empty file with mode 0600, which SQLite hands on to the files that it makes beside it.
    ///
    /// It gets its final name only when it is closed: closing a file drops all `fcntl` locks that the process holds on
    /// it, also those of SQLite connections in other threads.
    private static func makeFile(
        _ format: DatabaseFormat,
        at location: StoreLocation,
        lockTimeoutMilliseconds: Int64
    ) throws(StoreError) {
        let path = location.path(of: format.name)
        let lock = try StoreLock(
            path: location.path(of: format.lockName),
            guarding: path,
            timeoutMilliseconds: lockTimeoutMilliseconds
        )
        try withExtendedLifetime(lock) { () throws(StoreError) in
            if try isPresent(format, at: location) { return }
            let fresh = "\(path).new"
            let descriptor = Glibc.open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw .system("make", path, errno: errno) }
            close(descriptor)
            // A log without its database would be replayed into the new one.
            unlink("\(path)-wal")
            unlink("\(path)-shm")
            guard rename(fresh, path) == 0 else { throw .system("make", path, errno: errno) }
        }
    }

    /// The file's schema version, 0 for an empty file; throws if the file is not ours or from the future. To be read in one
    /// transaction, as another process may be making the schema.
    private func schemaVersion() throws(StoreError) -> Int64 {
        let number = { (row: Row) throws(SQLiteError) -> Int64 in row.integer(0) }
        let applicationID = try first("PRAGMA application_id", [], number) ?? 0
        let version = try first("PRAGMA user_version", [], number) ?? 0
        if applicationID != format.applicationID {
            let isEmpty = try first("SELECT count(*) FROM sqlite_schema", [], number) == 0
            guard applicationID == 0, version == 0, isEmpty else { throw .foreignFile(path) }
            return 0
        }
        guard version <= format.schemaVersion else {
            throw .newerSchema(path, found: version, known: format.schemaVersion)
        }
        guard version > 0 else { throw .corrupt(path, "it has no format version") }
        return version
    }

    /// Runs the missing migrations, all or none. Two processes may come here at once: the second one finds nothing to do.
    private func migrate() throws(StoreError) {
        let lock = try acquireLock()
        try withExtendedLifetime(lock) { () throws(StoreError) in
            // Outside of the transaction, as SQLite wants it; an empty WAL database is still an empty one.
            try execute("PRAGMA journal_mode = WAL")
            try execute("BEGIN IMMEDIATE")
            defer { rollBack() }
            for script in format.migrations.dropFirst(Int(try schemaVersion())) {
                try execute(script)
            }
            try execute("PRAGMA application_id = \(format.applicationID)")
            try execute("PRAGMA user_version = \(format.schemaVersion)")
            try execute("COMMIT")
        }
    }

    private func execute(_ sql: String) throws(StoreError) {
        do throws(SQLiteError) {
            try connection.execute(sql)
        } catch {
            throw StoreError(error, "change", path)
        }
    }
}
