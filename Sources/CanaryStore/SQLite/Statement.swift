// SPDX-License-Identifier: Apache-2.0

import CSQLite

/// A value that is bound to a parameter of a statement. Values never become part of the SQL text.
enum SQLValue {
    case integer(Int64)
    case text(String)
    /// UTF-8 that is stored as text.
    case utf8([UInt8])
    case blob([UInt8])
    case null

    init(_ text: String?) {
        self = text.map(SQLValue.text) ?? .null
    }
}

/// A prepared statement. It belongs to one connection and is used by one thread at a time.
///
/// `@safe`: SQLite keeps both handles until the statement is finalized, and copies what is bound.
@safe final class Statement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer

    init(_ sql: String, on connection: OpaquePointer) throws(SQLiteError) {
        var handle: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            connection,
            sql,
            -1,
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &handle,
            nil
        )
        guard code == SQLITE_OK, let handle = unsafe handle else {
            throw unsafe SQLiteError(code, on: connection)
        }
        unsafe self.handle = unsafe handle
        unsafe self.connection = unsafe connection
    }

    deinit {
        unsafe sqlite3_finalize(handle)
    }

    /// Runs the statement from its start and maps every row. `map` must not use the same statement again.
    func rows<T>(
        _ values: [SQLValue],
        _ map: (Row) throws(SQLiteError) -> T
    ) throws(SQLiteError) -> [T] {
        defer { reset() }
        try bind(values)
        var rows: [T] = []
        while try step() {
            rows.append(try map(unsafe Row(handle)))
        }
        return rows
    }

    /// Runs the statement and maps its first row only.
    func first<T>(
        _ values: [SQLValue],
        _ map: (Row) throws(SQLiteError) -> T
    ) throws(SQLiteError) -> T? {
        defer { reset() }
        try bind(values)
        return try step() ? try map(unsafe Row(handle)) : nil
    }

    /// Runs the statement to its end, whatever rows it gives.
    func run(_ values: [SQLValue]) throws(SQLiteError) {
        defer { reset() }
        try bind(values)
        while try step() {}
    }

    private func step() throws(SQLiteError) -> Bool {
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW: true
        case SQLITE_DONE: false
        case let code: throw unsafe SQLiteError(code, on: connection)
        }
    }

    /// Ends the statement's hold on its snapshot and lets go of the bound values. Its result code repeats the error
    /// that `step` has already thrown.
    private func reset() {
        unsafe sqlite3_reset(handle)
        unsafe sqlite3_clear_bindings(handle)
    }

    private func bind(_ values: [SQLValue]) throws(SQLiteError) {
        for (offset, value) in values.enumerated() {
            let index = Int32(offset + 1)
            let code =
                switch value {
                case .integer(let number): unsafe sqlite3_bind_int64(handle, index, number)
                case .text(var text): text.withUTF8 { unsafe bindText($0, at: index) }
                case .utf8(let bytes): unsafe bytes.withUnsafeBufferPointer { unsafe bindText($0, at: index) }
                case .blob(let bytes): bindBlob(bytes, at: index)
                case .null: unsafe sqlite3_bind_null(handle, index)
                }
            guard code == SQLITE_OK else { throw unsafe SQLiteError(code, on: connection) }
        }
    }

    private func bindBlob(_ bytes: [UInt8], at index: Int32) -> Int32 {
        unsafe bytes.withUnsafeBytes {
            unsafe sqlite3_bind_blob64(
                handle,
                index,
                $0.baseAddress,
                UInt64($0.count),
                canary_sqlite_transient()
            )
        }
    }

    private func bindText(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int32) -> Int32 {
        guard let start = bytes.baseAddress else {
            // An empty buffer may have no address, which SQLite would read as NULL.
            return unsafe sqlite3_bind_text(handle, index, "", 0, canary_sqlite_transient())
        }
        return unsafe start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
            unsafe sqlite3_bind_text64(
                handle,
                index,
                $0,
                UInt64(bytes.count),
                canary_sqlite_transient(),
                UInt8(SQLITE_UTF8)
            )
        }
    }
}

/// One row of a result; valid only while the function that got it runs. `@safe` by that rule.
@safe struct Row {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) {
        unsafe self.handle = unsafe handle
    }

    func integer(_ column: Int32) -> Int64 {
        unsafe sqlite3_column_int64(handle, column)
    }

    func optionalInteger(_ column: Int32) -> Int64? {
        unsafe sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : integer(column)
    }

    /// The text of a column, with malformed UTF-8 repaired; empty for NULL.
    func text(_ column: Int32) -> String {
        unsafe withBytes(column) { unsafe String(decoding: $0, as: UTF8.self) }
    }

    func optionalText(_ column: Int32) -> String? {
        unsafe sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : text(column)
    }

    func bytes(_ column: Int32) -> [UInt8] {
        unsafe withBytes(column) { unsafe [UInt8]($0) }
    }

    /// The bytes of a column, where they lie: they may neither be kept nor used after another look at the column.
    func withBytes<T, E>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        // The pointer stays valid until the column is converted or the statement moves on: `body` does neither.
        let start = unsafe sqlite3_column_blob(handle, column)
        let count = unsafe sqlite3_column_bytes(handle, column)
        return try unsafe body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(count)))
    }
}
