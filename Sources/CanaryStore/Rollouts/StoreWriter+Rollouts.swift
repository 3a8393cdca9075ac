// SPDX-License-Identifier: Apache-2.0

/// Rollouts are written in transactions like objects, and make no revision.
extension StoreWriter {
    /// Begins a run of a Rollout, which takes the place of earlier ones, and returns it with its id.
    package func begin(_ record: RolloutRecord) throws(StoreError) -> RolloutRecord {
        var begun = record
        begun.begunAt = context.now()
        let id = try database.first(
            """
            INSERT INTO rollouts (uid, generation, namespace, name, host, body, begun_at, phase) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
            """,
            [
                .text(record.uid), .integer(record.generation), .text(record.namespace), .text(record.name),
                .text(record.host), .text(record.body), .integer(begun.begunAt), .text(record.phase),
            ]
        ) { row throws(SQLiteError) in row.integer(0) }
        guard let id else { throw .corrupt(database.path, "it made no row") }
        begun.id = id
        return begun
    }

    /// Adds entries to a journal. `false`, and nothing is written, where the first one is not the next: somebody else has written
    /// meanwhile, or another state of the store was brought back.
    ///
    /// - Parameter last: the journal's last row, as the writer knows it; `nil` for a new journal.
    package func append(
        _ rows: [JournalRow],
        toJournalOf rollout: Int64,
        behind last: JournalRow?
    ) throws(StoreError) -> Bool {
        guard let first = rows.first else { return true }
        guard try lastRow(ofJournalOf: rollout) == last, first.number == (last?.number ?? 0) + 1 else {
            return false
        }
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

    /// Says for those who read no journal where a run is.
    package func mark(_ record: RolloutRecord) throws(StoreError) {
        try database.run(
            "UPDATE rollouts SET generation = ?, phase = ?, is_over = ? WHERE id = ?",
            [
                .integer(record.generation), .text(record.phase), .integer(record.isOver ? 1 : 0),
                .integer(record.id),
            ]
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
