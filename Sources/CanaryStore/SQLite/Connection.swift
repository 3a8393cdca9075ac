// SPDX-License-Identifier: Apache-2.0

import CSQLite

/// A connection to one SQLite file in WAL mode: the only place that opens and closes SQLite.
///
/// It belongs to one thread at a time (it is not `Sendable`), so SQLite's own mutexes are switched off. It never
/// checkpoints by itself, neither at a commit nor when it closes: see ``Database``.
final class Connection {
    enum Access {
        case readOnly
        case readWrite
    }

    private let handle: OpaquePointer
    private var statements: [String: Statement] = [:]

    /// Opens an existing file. The path must be absolute or start with a dot: Debian's SQLite reads `file:` as a URI.
    init(path: String, access: Access, busyTimeoutMilliseconds: Int32) throws(SQLiteError) {
        let flags =
            (access == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let handle = opened else {
            let error = SQLiteError(code, on: opened)
            sqlite3_close_v2(opened)
            throw error
        }
        self.handle = handle
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, busyTimeoutMilliseconds)
        let settings: [(Int32, Int32)] = [
            (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1),
            (SQLITE_DBCONFIG_DEFENSIVE, 1),
            (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        ]
        for (option, value) in settings {
            let code = canary_sqlite_configure(handle, option, value)
            guard code == SQLITE_OK else { throw SQLiteError(code, on: handle) }
        }
        sqlite3_wal_autocheckpoint(handle, 0)
    }

    deinit {
        statements = [:]
        sqlite3_close_v2(handle)
    }

    /// Runs SQL text that holds no values: pragmas, schema, `BEGIN`, `COMMIT`.
    func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLiteError(code, on: handle) }
    }

    /// The prepared statement for a text; prepared once for each connection.
    func statement(_ sql: String) throws(SQLiteError) -> Statement {
        if let statement = statements[sql] { return statement }
        let statement = try Statement(sql, on: handle)
        statements[sql] = statement
        return statement
    }

    /// Whether a transaction is open. SQLite ends one by itself after some errors.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Copies the whole write-ahead log into the database file and empties it, unless a reader still needs it. The
    /// caller holds the store's lock.
    func checkpoint() throws(SQLiteError) {
        let code = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        guard code == SQLITE_OK else { throw SQLiteError(code, on: handle) }
    }

    func setBusyTimeout(milliseconds: Int32) {
        sqlite3_busy_timeout(handle, milliseconds)
    }
}
