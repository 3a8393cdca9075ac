// SPDX-License-Identifier: Apache-2.0

extension DatabaseFormat {
    /// `runtime.db`: what is running and what it counted.
    ///
    /// The same rules as for `cluster.db`, with a lock file of its own so that neither waits for the other. `NORMAL`,
    /// as a report each second is not worth a disk flush: power loss takes the last counts, never the file's soundness.
    static let runtime = DatabaseFormat(
        name: "runtime.db",
        lockName: "runtime.lock",
        applicationID: 0x63_6e_72_74,
        migrations: [runtimeVersion1],
        synchronous: "NORMAL"
    )

    private static let runtimeVersion1 = """
        CREATE TABLE proxies (
            id TEXT PRIMARY KEY,
            pid INTEGER NOT NULL,
            process_start INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            heartbeat INTEGER NOT NULL,
            applied_revision INTEGER NOT NULL,
            version TEXT NOT NULL,
            admin TEXT,
            listeners TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE counters (
            host TEXT NOT NULL,
            route TEXT NOT NULL,
            since INTEGER NOT NULL,
            destination TEXT NOT NULL,
            requests INTEGER NOT NULL,
            errors INTEGER NOT NULL,
            PRIMARY KEY (host, route, since, destination)
        ) WITHOUT ROWID;
        """
}
