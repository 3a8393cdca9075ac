// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// A row whose kind is none.
package struct DamagedRow: Hashable, Sendable {
    /// `Servic? default/helloworld`
    package var name: String
    /// The keys of the routing objects that its index tokens say it could have been.
    package var candidates: [ResourceKey]
    var tokens: [String]

    /// What stands for the objects that it could have been: whatever it allowed is lost.
    package var standIns: [Resource] {
        candidates.map { Resource.standIn(for: $0, tokens: tokens, stored: nil) }
    }
}

extension StoreReader {
    /// What stands for an object whose text cannot be read and whose existence counts.
    package func standIn(for object: StoredObject) throws(StoreError) -> Resource {
        let tokens = try database.rows(
            """
            SELECT token FROM tokens WHERE object = \
            (SELECT id FROM objects WHERE kind = ? AND namespace = ? AND name = ?)
            """,
            object.key.values
        ) { row throws(SQLiteError) in row.text(0) }
        return Resource.standIn(for: object.key, tokens: tokens, stored: object.meta)
    }

    /// The rows whose kind is none, so that no question about a kind meets them, in order.
    package func rowsOfUnknownKind() throws(StoreError) -> [DamagedRow] {
        let damaged = Self.ofUnknownKind
        let rows = try database.rows(
            """
            SELECT id, kind, namespace, name FROM objects WHERE \(damaged.condition) ORDER BY kind, namespace, name
            """,
            damaged.values
        ) { row throws(SQLiteError) in
            (id: row.integer(0), kind: row.text(1), namespace: row.text(2), name: row.text(3))
        }
        var found: [DamagedRow] = []
        for row in rows {
            let tokens = try database.rows("SELECT token FROM tokens WHERE object = ?", [.integer(row.id)]) {
                row throws(SQLiteError) in row.text(0)
            }
            found.append(
                DamagedRow(
                    name: "\(row.kind) \(row.namespace)/\(row.name)",
                    candidates: Self.routingKinds(tokens).map {
                        ResourceKey($0, namespace: row.namespace, name: row.name)
                    },
                    tokens: tokens
                )
            )
        }
        return found
    }

    /// A host alone may be a ServiceEntry's too; without that nobody would know the host, so that 503 takes nothing away.
    private static func routingKinds(_ tokens: [String]) -> [ResourceKind] {
        if tokens.contains(where: { $0.hasPrefix("rule:") }) { return [.destinationRule] }
        let isRouting = tokens.contains { token in
            ["host:", "destination:", "delegate:", "gateway:"].contains { token.hasPrefix($0) }
        }
        return isRouting ? [.virtualService] : []
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
