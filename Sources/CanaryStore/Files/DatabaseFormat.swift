// SPDX-License-Identifier: Apache-2.0

/// What makes one of the store's databases: its names, its schema and how durable a commit is.
struct DatabaseFormat {
    /// The file's name in the store's directory.
    var name: String
    /// The name of the file whose `flock` all writers and checkpoints hold.
    var lockName: String
    /// Marks the file as ours; SQLite keeps it in the file's header.
    var applicationID: Int64
    /// SQL scripts: number n brings a file from schema version n to n + 1, the first one an empty file to 1.
    var migrations: [String]
    /// SQLite's `synchronous`: `FULL` survives power loss with every commit, `NORMAL` with the commits up to some moment.
    var synchronous: String

    var schemaVersion: Int64 { Int64(migrations.count) }
}
