// SPDX-License-Identifier: Apache-2.0

import CSQLite

/// A connection to one SQLite file in WAL mode: the only place that opens and closes SQLite.
///
/// It belongs to one thread at a time (it is not `Sendable`), so SQLite's own mutexes are switched off. It never
/// checkpoints by itself, neither at a commit nor when it closes: see ``Database``.
///
/// `@safe`: the handle is open as long as the connection is there, and SQLite keeps it for statements that still are.
@safe final class Connection {
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
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let handle = unsafe opened else {
            let error = unsafe SQLiteError(code, on: opened)
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        unsafe self.handle = unsafe handle
        unsafe sqlite3_extended_result_codes(handle, 1)
        unsafe sqlite3_busy_timeout(handle, busyTimeoutMilliseconds)
        let settings: [(Int32, Int32)] = [
            (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1),
            (SQLITE_DBCONFIG_DEFENSIVE, 1),
            (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        ]
        for (option, value) in settings {
            try check(unsafe canary_sqlite_configure(handle, option, value))
        }
        unsafe sqlite3_wal_autocheckpoint(handle, 0)
    }

    deinit {
        statements = [:]
        unsafe sqlite3_close_v2(handle)
    }

    /// Runs SQL text that holds no values: pragmas, schema, `BEGIN`, `COMMIT`.
    func execute(_ sql: String) throws(SQLiteError) {
        try check(unsafe sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// The prepared statement for a text; prepared once for each connection.
    func statement(_ sql: String) throws(SQLiteError) -> Statement {
        if let statement = statements[sql] { return statement }
        let statement = try unsafe Statement(sql, on: handle)
        statements[sql] = statement
        return statement
    }

    /// Whether a transaction is open. SQLite ends one by itself after some errors.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// Copies the whole write-ahead log into the database file and empties it, unless a reader still needs it. The
    /// caller holds the store's lock.
    func checkpoint() throws(SQLiteError) {
        try check(unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil))
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw unsafe SQLiteError(code, on: handle) }
    }

    func setBusyTimeout(milliseconds: Int32) {
        unsafe sqlite3_busy_timeout(handle, milliseconds)
    }
}
