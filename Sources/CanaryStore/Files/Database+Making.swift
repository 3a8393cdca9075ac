// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Making and upgrading.
extension Database {
    static func isPresent(
        _ format: DatabaseFormat,
        at location: StoreLocation
    ) throws(StoreError) -> Bool {
        let path = location.path(of: format.name)
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT { return false }
            throw .system("open", path, errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .foreignFile(path) }
        return true
    }

    /// Makes the database, whole, under another name, and gives it its own when it is closed: whoever is killed meanwhile leaves
    /// nothing that others take for a database. Closing a file also drops all `fcntl` locks that the process holds on it, those
    /// of SQLite connections in other threads too.
    ///
    /// Its mode is 0600, which SQLite hands on to the files that it makes beside it.
    static func makeFile(
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
            removeFiles(of: fresh)
            defer { removeFiles(of: fresh) }
            let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
            let descriptor = unsafe Glibc.open(fresh, flags, 0o600)
            guard descriptor >= 0 else { throw .system("make", path, errno: errno) }
            defer { close(descriptor) }
            do throws(SQLiteError) {
                try fill(fresh, format)
            } catch {
                throw StoreError(error, "make", path)
            }
            guard fsync(descriptor) == 0 else { throw .system("make", path, errno: errno) }
            // A log without its database would be replayed into the new one.
            for suffix in companions { unsafe unlink(path + suffix) }
            guard unsafe rename(fresh, path) == 0 else { throw .system("make", path, errno: errno) }
            location.synchronize()
        }
    }

    /// What SQLite makes beside a database.
    private static let companions = ["-wal", "-shm", "-journal"]

    private static func removeFiles(of path: String) {
        for suffix in [""] + companions { unsafe unlink(path + suffix) }
    }

    /// Turns an empty file into a database of the newest format. Nobody else knows it yet, so no journal is needed until the
    /// end, when it gets the log that all others use.
    private static func fill(_ path: String, _ format: DatabaseFormat) throws(SQLiteError) {
        let connection = try Connection(
            path: path,
            access: .readWrite,
            busyTimeoutMilliseconds: busyTimeoutMilliseconds
        )
        try connection.execute("PRAGMA journal_mode = MEMORY; BEGIN")
        for script in format.migrations { try connection.execute(script) }
        try connection.execute(
            """
            PRAGMA application_id = \(format.applicationID);
            PRAGMA user_version = \(format.schemaVersion);
            COMMIT;
            PRAGMA journal_mode = WAL;
            """
        )
    }

    /// The file's schema version, 0 for an empty file; throws if the file is not ours or from the future. To be read in one
    /// transaction, as another process may be making the schema.
    func schemaVersion() throws(StoreError) -> Int64 {
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
    func migrate() throws(StoreError) {
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
