// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The evidence in `runtime.db`. The functions that change it belong inside of a transaction.
struct EvidenceTable {
    let database: Database
    let now: Int64

    // MARK: - Writing

    /// Replaces what a proxy has counted.
    func write(_ records: [EvidenceRecord], of proxy: String) throws(StoreError) {
        for record in records {
            try write(record.evidence, to: try row(of: record.key), proxy, part: record.part)
        }
    }

    /// Adds what a proxy has counted, one part of it or all, to the sum of those that ended.
    func settle(_ proxy: String, part: Int64? = nil) throws(StoreError) {
        let condition = part == nil ? "proxy = ?" : "proxy = ? AND part = ?"
        let values: [SQLValue] = [.text(proxy)] + (part.map { [.integer($0)] } ?? [])
        let rows = try database.rows(
            "SELECT evidence, counts FROM evidence_counts WHERE \(condition)",
            values
        ) {
            row throws(SQLiteError) in (evidence: row.integer(0), counts: row.bytes(1))
        }
        for row in rows {
            let settled = try database.first(
                "SELECT counts FROM evidence_counts WHERE evidence = ? AND proxy = '' AND part = 0",
                [.integer(row.evidence)]
            ) { row throws(SQLiteError) in row.bytes(0) }
            var sum = settled.flatMap { RouteEvidence(encoded: $0) } ?? RouteEvidence()
            sum.add(RouteEvidence(encoded: row.counts) ?? RouteEvidence())
            try write(sum, to: row.evidence, "", part: 0)
        }
        try database.run("DELETE FROM evidence_counts WHERE \(condition)", values)
    }

    /// Looks at the rows that there are: of very many keys few were ever counted.
    func renew(_ keys: some Sequence<EvidenceKey>) throws(StoreError) {
        let rows = try database.rows(
            "SELECT id, store, host, owner, route, destination, commit_id FROM evidence"
        ) { row throws(SQLiteError) in (key: Self.key(row), id: row.integer(0)) }
        let ids = Dictionary(rows.map { ($0.key, $0.id) }) { first, _ in first }
        guard !ids.isEmpty else { return }
        for var key in keys {
            key.epoch.revision = 0
            guard let id = ids[key] else { continue }
            try database.run("UPDATE evidence SET seen_at = ? WHERE id = ?", [.integer(now), .integer(id)])
        }
    }

    /// From the columns behind `id`. The revision of an epoch does not count: its commit tells it from others.
    private static func key(_ row: Row) -> EvidenceKey {
        EvidenceKey(
            store: row.text(1),
            host: row.text(2),
            owner: row.text(3),
            route: row.text(4),
            destination: row.text(5),
            epoch: RouteEpoch(revision: 0, commit: row.text(6))
        )
    }

    /// Forgets what no proxy has served since a moment.
    func forget(before moment: Int64) throws(StoreError) {
        let values = [SQLValue.integer(moment)]
        try database.run(
            "DELETE FROM evidence_counts WHERE evidence IN (SELECT id FROM evidence WHERE seen_at < ?)",
            values
        )
        try database.run("DELETE FROM evidence WHERE seen_at < ?", values)
    }

    private func write(_ evidence: RouteEvidence, to row: Int64, _ proxy: String, part: Int64)
        throws(StoreError)
    {
        try database.run(
            "INSERT OR REPLACE INTO evidence_counts (evidence, proxy, part, counts) VALUES (?, ?, ?, ?)",
            [.integer(row), .text(proxy), .integer(part), .blob(evidence.encoded)]
        )
    }

    private func row(of key: EvidenceKey) throws(StoreError) -> Int64 {
        let id = try database.first(
            """
            INSERT INTO evidence (store, host, owner, route, destination, commit_id, revision, seen_at) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at RETURNING id
            """,
            Self.values(of: key) + [.integer(key.epoch.revision), .integer(now)]
        ) { row throws(SQLiteError) in row.integer(0) }
        guard let id else { throw .corrupt(database.path, "it made no row") }
        return id
    }

    // MARK: - Reading

    /// Sums over all proxies. What cannot be read counts as nothing.
    func sums(store: String, host: String) throws(StoreError) -> [EvidenceKey: RouteEvidence] {
        let rows = try database.rows(
            """
            SELECT owner, route, destination, commit_id, revision, counts \
            FROM evidence JOIN evidence_counts ON evidence = id WHERE store = ? AND host = ?
            """,
            [.text(store), .text(host)]
        ) { row throws(SQLiteError) in
            let key = EvidenceKey(
                store: store,
                host: host,
                owner: row.text(0),
                route: row.text(1),
                destination: row.text(2),
                epoch: RouteEpoch(revision: row.integer(4), commit: row.text(3))
            )
            return (key: key, evidence: RouteEvidence(encoded: row.bytes(5)) ?? RouteEvidence())
        }
        var sums: [EvidenceKey: RouteEvidence] = [:]
        for row in rows { sums[row.key, default: RouteEvidence()].add(row.evidence) }
        return sums
    }

    /// The proxies that counted something and have no entry, because they were killed or are just ending.
    func writersWithoutEntry() throws(StoreError) -> [String] {
        try database.rows(
            """
            SELECT DISTINCT proxy FROM evidence_counts WHERE proxy <> '' \
            AND proxy NOT IN (SELECT id FROM proxies)
            """
        ) { row throws(SQLiteError) in row.text(0) }
    }

    private static func values(of key: EvidenceKey) -> [SQLValue] {
        [key.store, key.host, key.owner, key.route, key.destination, key.epoch.commit].map { .text($0) }
    }
}
