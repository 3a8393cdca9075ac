// SPDX-License-Identifier: Apache-2.0

extension StoreReader {
    /// The rollouts that go on, or that somebody waits for an answer of; oldest first.
    package func activeRollouts() throws(StoreError) -> [RolloutRecord] {
        try rollouts(
            """
            is_over = 0 OR id IN (SELECT rollout FROM rollout_orders WHERE answered_at IS NULL) ORDER BY id
            """,
            []
        )
    }

    /// The newest run of a host's, by its full name.
    package func rollout(ofHost host: String) throws(StoreError) -> RolloutRecord? {
        try rollouts("host = ? ORDER BY id DESC LIMIT 1", [.text(host)]).first
    }

    /// The newest run of each Rollout, by its uid.
    package func newestRollouts() throws(StoreError) -> [String: RolloutRecord] {
        let newest = try rollouts("id IN (SELECT max(id) FROM rollouts GROUP BY uid)", [])
        return Dictionary(newest.map { ($0.uid, $0) }) { $1 }
    }

    /// The newest run of a Rollout.
    package func rollout(of uid: String) throws(StoreError) -> RolloutRecord? {
        try rollouts("uid = ? ORDER BY id DESC LIMIT 1", [.text(uid)]).first
    }

    package func rollout(_ id: Int64) throws(StoreError) -> RolloutRecord? {
        try rollouts("id = ?", [.integer(id)]).first
    }

    /// The entries behind a number, in order.
    package func journal(
        of rollout: Int64,
        after number: Int = 0,
        upTo last: Int = .max
    ) throws(StoreError) -> [JournalRow] {
        try database.rows(
            """
            SELECT number, attempt, entry FROM rollout_journal \
            WHERE rollout = ? AND number > ? AND number <= ? ORDER BY number
            """,
            [.integer(rollout), .integer(Int64(number)), .integer(Int64(last))],
            Self.journalRow
        )
    }

    /// `nil` where there is no journal.
    package func lastRow(ofJournalOf rollout: Int64) throws(StoreError) -> JournalRow? {
        try database.first(
            "SELECT number, attempt, entry FROM rollout_journal WHERE rollout = ? ORDER BY number DESC LIMIT 1",
            [.integer(rollout)],
            Self.journalRow
        )
    }

    private static func journalRow(_ row: Row) throws(SQLiteError) -> JournalRow {
        JournalRow(number: Int(row.integer(0)), attempt: Int(row.integer(1)), entry: row.text(2))
    }

    /// What nobody has taken up yet, in the order in which it was given.
    package func waitingOrders(of rollout: Int64) throws(StoreError) -> [OrderRow] {
        try database.rows(
            """
            SELECT id, rollout, command, actor, reason FROM rollout_orders \
            WHERE rollout = ? AND answered_at IS NULL ORDER BY given_at, id
            """,
            [.integer(rollout)]
        ) { row throws(SQLiteError) in
            OrderRow(
                id: row.text(0),
                rollout: row.integer(1),
                command: row.text(2),
                actor: row.text(3),
                reason: row.text(4)
            )
        }
    }

    package func answer(to order: String) throws(StoreError) -> OrderAnswer {
        try database.first(
            "SELECT answered_at, refusal FROM rollout_orders WHERE id = ?",
            [.text(order)]
        ) { row throws(SQLiteError) in
            row.optionalInteger(0) == nil
                ? .waiting : row.optionalText(1).map(OrderAnswer.refused) ?? .obeyed
        } ?? .waiting
    }

    private func rollouts(_ condition: String, _ values: [SQLValue]) throws(StoreError) -> [RolloutRecord] {
        try database.rows(
            """
            SELECT id, uid, generation, namespace, name, host, body, begun_at, phase, is_over \
            FROM rollouts WHERE \(condition)
            """,
            values
        ) { row throws(SQLiteError) in
            RolloutRecord(
                id: row.integer(0),
                uid: row.text(1),
                generation: row.integer(2),
                namespace: row.text(3),
                name: row.text(4),
                host: row.text(5),
                body: row.text(6),
                begunAt: row.integer(7),
                phase: row.text(8),
                isOver: row.integer(9) != 0
            )
        }
    }
}
