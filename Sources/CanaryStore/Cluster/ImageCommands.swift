// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension DatabaseFormat {
    /// What a node runs in an image's place; the words of a command are a list in JSON.
    static let imageCommands = """
        CREATE TABLE image_commands (
            image TEXT PRIMARY KEY,
            command TEXT NOT NULL
        ) WITHOUT ROWID;
        """
}

extension StoreReader {
    /// The commands that are run in the place of images.
    package func imageCommands() throws(StoreError) -> [String: [String]] {
        let rows = try database.rows("SELECT image, command FROM image_commands", []) {
            row throws(SQLiteError) in (row.text(0), row.text(1))
        }
        return Dictionary(rows.map { ($0, (try? JSONReader.read($1))?.strings ?? []) }) { $1 }
    }
}

/// A command is part of what is declared, so that each change of one makes a revision.
extension StoreWriter {
    /// - Returns: whether there was none, another one, or the same one before.
    package func setCommand(_ command: [String], ofImage image: String) throws(StoreError) -> Outcome {
        let known = try imageCommands()[image]
        guard known != command else { return .unchanged }
        _ = changeRevision()
        let words = JSONWriter.canonical(.sequence(command.map { .string($0) }))
        try database.run("INSERT OR REPLACE INTO image_commands VALUES (?, ?)", [.text(image), .text(words)])
        return known == nil ? .created : .changed
    }

    /// - Returns: whether there was one.
    package func removeCommand(ofImage image: String) throws(StoreError) -> Bool {
        guard try imageCommands()[image] != nil else { return false }
        _ = changeRevision()
        try database.run("DELETE FROM image_commands WHERE image = ?", [.text(image)])
        return true
    }
}
