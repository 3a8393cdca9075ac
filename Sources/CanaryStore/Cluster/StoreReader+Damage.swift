// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension StoreReader {
    /// The rows whose kind is none, so that no question about a kind meets them: `Servic? default/helloworld`, in order.
    package func rowsOfUnknownKind() throws(StoreError) -> [String] {
        let damaged = Self.ofUnknownKind
        return try database.rows(
            "SELECT kind, namespace, name FROM objects WHERE \(damaged.condition) ORDER BY kind, namespace, name",
            damaged.values
        ) { row throws(SQLiteError) in "\(row.text(0)) \(row.text(1))/\(row.text(2))" }
    }

    /// Steps from kind to kind in the index instead of walking over all of it. The comparison stays within SQLite, for what
    /// is damaged may be no text that could be handed back.
    static var ofUnknownKind: (condition: String, values: [SQLValue]) {
        let known = ResourceKind.allCases.map { SQLValue.text($0.rawValue) }
        let condition = """
            kind IN (
                WITH RECURSIVE present(kind) AS (
                    SELECT min(kind) FROM objects
                    UNION ALL
                    SELECT (SELECT min(kind) FROM objects WHERE kind > present.kind) FROM present
                    WHERE present.kind IS NOT NULL
                )
                SELECT kind FROM present WHERE kind NOT IN (\(known.map { _ in "?" }.joined(separator: ", ")))
            )
            """
        return (condition, known)
    }
}
