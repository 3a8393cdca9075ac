// SPDX-License-Identifier: Apache-2.0

extension DatabaseFormat {
    /// - `rollouts`: a row for each time that a Rollout was begun, the newest one of its `uid` counts. `body` is the object as it
    ///   was then, `generation` the newest one that the run knows of; `phase` is for whoever looks for it without a journal, and
    ///   `is_over` for whoever looks for those that go on.
    /// - `rollout_journal`: what each did, an entry a row. Entries are never changed, and number `n` is written only behind `n - 1`.
    /// - `rollout_orders`: what people asked for. `answered_at` is when a controller took an order up, `refusal` why it did not obey.
    ///
    /// None of them belongs to a revision: a rollout that waits changes no object.
    static let rollouts = """
        CREATE TABLE rollouts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            uid TEXT NOT NULL,
            generation INTEGER NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            host TEXT NOT NULL,
            body TEXT NOT NULL,
            begun_at INTEGER NOT NULL,
            phase TEXT NOT NULL,
            is_over INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX rollouts_by_uid ON rollouts (uid, id);
        CREATE INDEX rollouts_by_host ON rollouts (host);
        CREATE INDEX rollouts_that_go_on ON rollouts (id) WHERE is_over = 0;

        CREATE TABLE rollout_journal (
            rollout INTEGER NOT NULL,
            number INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            entry TEXT NOT NULL,
            PRIMARY KEY (rollout, number)
        ) WITHOUT ROWID;

        CREATE TABLE rollout_orders (
            id TEXT PRIMARY KEY,
            rollout INTEGER NOT NULL,
            command TEXT NOT NULL,
            actor TEXT NOT NULL,
            reason TEXT NOT NULL,
            given_at INTEGER NOT NULL,
            answered_at INTEGER,
            refusal TEXT
        ) WITHOUT ROWID;
        CREATE INDEX rollout_orders_that_wait ON rollout_orders (rollout) WHERE answered_at IS NULL;
        """
}
