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
final class Statement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer

    init(_ sql: String, on connection: OpaquePointer) throws(SQLiteError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection,
            sql,
            -1,
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &handle,
            nil
        )
        guard code == SQLITE_OK, let handle else { throw SQLiteError(code, on: connection) }
        self.handle = handle
        self.connection = connection
    }

    deinit {
        sqlite3_finalize(handle)
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
            rows.append(try map(Row(handle)))
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
        return try step() ? try map(Row(handle)) : nil
    }

    /// Runs the statement to its end, whatever rows it gives.
    func run(_ values: [SQLValue]) throws(SQLiteError) {
        defer { reset() }
        try bind(values)
        while try step() {}
    }

    private func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: true
        case SQLITE_DONE: false
        case let code: throw SQLiteError(code, on: connection)
        }
    }

    /// Ends the statement's hold on its snapshot and lets go of the bound values. Its result code repeats the error
    /// that `step` has already thrown.
    private func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    private func bind(_ values: [SQLValue]) throws(SQLiteError) {
        for (offset, value) in values.enumerated() {
            let index = Int32(offset + 1)
            let code =
                switch value {
                case .integer(let number): sqlite3_bind_int64(handle, index, number)
                case .text(var text): text.withUTF8 { bindText($0, at: index) }
                case .utf8(let bytes): bytes.withUnsafeBufferPointer { bindText($0, at: index) }
                case .blob(let bytes): bindBlob(bytes, at: index)
                case .null: sqlite3_bind_null(handle, index)
                }
            guard code == SQLITE_OK else { throw SQLiteError(code, on: connection) }
        }
    }

    private func bindBlob(_ bytes: [UInt8], at index: Int32) -> Int32 {
        bytes.withUnsafeBytes {
            sqlite3_bind_blob64(handle, index, $0.baseAddress, UInt64($0.count), canary_sqlite_transient())
        }
    }

    private func bindText(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int32) -> Int32 {
        guard let start = bytes.baseAddress else {
            // An empty buffer may have no address, which SQLite would read as NULL.
            return sqlite3_bind_text(handle, index, "", 0, canary_sqlite_transient())
        }
        return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
            sqlite3_bind_text64(
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

/// One row of a result; valid only while the function that got it runs.
struct Row {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) {
        self.handle = handle
    }

    func integer(_ column: Int32) -> Int64 {
        sqlite3_column_int64(handle, column)
    }

    func optionalInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : integer(column)
    }

    /// The text of a column, with malformed UTF-8 repaired; empty for NULL.
    func text(_ column: Int32) -> String {
        withBytes(column) { String(decoding: $0, as: UTF8.self) }
    }

    func optionalText(_ column: Int32) -> String? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : text(column)
    }

    func bytes(_ column: Int32) -> [UInt8] {
        withBytes(column) { [UInt8]($0) }
    }

    /// The bytes of a column, where they lie: they may neither be kept nor used after another look at the column.
    func withBytes<T, E>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        // The pointer stays valid until the column is converted or the statement moves on: `body` does neither.
        let start = sqlite3_column_blob(handle, column)
        let count = sqlite3_column_bytes(handle, column)
        return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(count)))
    }
}
