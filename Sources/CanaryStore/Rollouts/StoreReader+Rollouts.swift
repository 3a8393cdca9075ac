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

    /// The newest rollout of a host, by its full name.
    package func rollout(ofHost host: String) throws(StoreError) -> RolloutRecord? {
        try rollouts("host = ? ORDER BY id DESC LIMIT 1", [.text(host)]).first
    }

    /// The newest rollout of a name.
    package func rollout(named name: String, namespace: String) throws(StoreError) -> RolloutRecord? {
        try rollouts(
            "namespace = ? AND name = ? ORDER BY id DESC LIMIT 1",
            [.text(namespace), .text(name)]
        ).first
    }

    package func rollout(_ id: Int64) throws(StoreError) -> RolloutRecord? {
        try rollouts("id = ?", [.integer(id)]).first
    }

    /// The entries behind a number, in order.
    package func journal(of rollout: Int64, after number: Int = 0) throws(StoreError) -> [JournalRow] {
        try database.rows(
            "SELECT number, attempt, entry FROM rollout_journal WHERE rollout = ? AND number > ? ORDER BY number",
            [.integer(rollout), .integer(Int64(number))]
        ) { row throws(SQLiteError) in
            JournalRow(
                number: Int(row.integer(0)),
                attempt: Int(row.integer(1)),
                entry: row.text(2)
            )
        }
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
            "SELECT id, namespace, name, host, request, begun_at, is_over FROM rollouts WHERE \(condition)",
            values
        ) { row throws(SQLiteError) in
            RolloutRecord(
                id: row.integer(0),
                namespace: row.text(1),
                name: row.text(2),
                host: row.text(3),
                request: row.text(4),
                begunAt: row.integer(5),
                isOver: row.integer(6) != 0
            )
        }
    }
}
