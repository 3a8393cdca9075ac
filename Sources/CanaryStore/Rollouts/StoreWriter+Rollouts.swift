// SPDX-License-Identifier: Apache-2.0

/// Rollouts are written in transactions like objects, and make no revision.
extension StoreWriter {
    /// Begins a rollout, which takes the place of earlier ones of its name, and returns its id.
    package func beginRollout(
        _ name: String,
        namespace: String,
        host: String,
        request: String
    ) throws(StoreError) -> Int64 {
        let id = try database.first(
            """
            INSERT INTO rollouts (namespace, name, host, request, begun_at) VALUES (?, ?, ?, ?, ?) RETURNING id
            """,
            [.text(namespace), .text(name), .text(host), .text(request), .integer(context.now())]
        ) { row throws(SQLiteError) in row.integer(0) }
        guard let id else { throw .corrupt(database.path, "it made no row") }
        return id
    }

    /// Adds entries to a journal. `false`, and nothing is written, where the first one is not the next: somebody else has written
    /// meanwhile.
    package func append(_ rows: [JournalRow], toJournalOf rollout: Int64) throws(StoreError) -> Bool {
        guard let first = rows.first else { return true }
        let last = try database.first(
            "SELECT coalesce(max(number), 0) FROM rollout_journal WHERE rollout = ?",
            [.integer(rollout)]
        ) { row throws(SQLiteError) in Int(row.integer(0)) }
        guard first.number == (last ?? 0) + 1 else { return false }
        for row in rows {
            try database.run(
                "INSERT INTO rollout_journal (rollout, number, attempt, entry) VALUES (?, ?, ?, ?)",
                [
                    .integer(rollout), .integer(Int64(row.number)), .integer(Int64(row.attempt)),
                    .text(row.entry),
                ]
            )
        }
        return true
    }

    package func mark(_ rollout: Int64, isOver: Bool) throws(StoreError) {
        try database.run(
            "UPDATE rollouts SET is_over = ? WHERE id = ?",
            [.integer(isOver ? 1 : 0), .integer(rollout)]
        )
    }

    package func give(_ order: OrderRow) throws(StoreError) {
        try database.run(
            """
            INSERT INTO rollout_orders (id, rollout, command, actor, reason, given_at) VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                .text(order.id), .integer(order.rollout), .text(order.command), .text(order.actor),
                .text(order.reason), .integer(context.now()),
            ]
        )
    }

    package func answer(_ order: String, refusal: String?) throws(StoreError) {
        try database.run(
            "UPDATE rollout_orders SET answered_at = ?, refusal = ? WHERE id = ?",
            [.integer(context.now()), SQLValue(refusal), .text(order)]
        )
    }
}
