// SPDX-License-Identifier: Apache-2.0

import CSQLite

/// What SQLite answered instead of doing its work.
struct SQLiteError: Error {
    /// The primary result code: `SQLITE_BUSY`, `SQLITE_FULL`, …
    var code: Int32
    /// SQLite's own words.
    var message: String
    /// The `errno` behind the answer, 0 if there is none.
    var systemError: Int32

    init(code: Int32, message: String, systemError: Int32 = 0) {
        self.code = code & 0xff
        self.message = message
        self.systemError = systemError
    }

    /// The last error of a connection; `nil` stands for a connection that there was no memory for.
    init(_ extendedCode: Int32, on connection: OpaquePointer?) {
        guard let connection = unsafe connection else {
            self.init(code: SQLITE_NOMEM, message: "out of memory")
            return
        }
        unsafe self.init(
            code: extendedCode,
            message: String(cString: sqlite3_errmsg(connection)),
            systemError: sqlite3_system_errno(connection)
        )
    }
}
