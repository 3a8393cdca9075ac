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
        migrations: [
            runtimeVersion1, runtimeVersion2, runtimeVersion3, runtimeVersion4, runtimeVersion5,
            runtimeVersion6, runtimeVersion7, runtimeVersion8, runtimeVersion9, runtimeVersion10,
            runtimeVersion11, runtimeVersion12,
        ],
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

    /// - `evidence`: what is counted, by ``EvidenceKey``; `seen_at` is when a proxy last served it.
    /// - `evidence_counts`: what each proxy counted of it, as ``RouteEvidence`` encodes itself. A row holds all that a proxy
    ///   counted from some moment on and is only ever replaced, so that writing it twice is no harm; those of proxies that
    ///   ended become one row with an empty name.
    ///
    /// Version 1 counted by positions of routes and by revisions, of whatever store had been at the place: what of it is
    /// whose cannot be told any more.
    private static let runtimeVersion2 = """
        DROP TABLE counters;

        CREATE TABLE evidence (
            id INTEGER PRIMARY KEY,
            store TEXT NOT NULL,
            host TEXT NOT NULL,
            owner TEXT NOT NULL,
            route TEXT NOT NULL,
            destination TEXT NOT NULL,
            commit_id TEXT NOT NULL,
            revision INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            UNIQUE (store, host, owner, route, destination, commit_id)
        );
        CREATE INDEX evidence_by_age ON evidence (seen_at);

        CREATE TABLE evidence_counts (
            evidence INTEGER NOT NULL,
            proxy TEXT NOT NULL,
            part INTEGER NOT NULL,
            counts BLOB NOT NULL,
            PRIMARY KEY (evidence, proxy, part)
        ) WITHOUT ROWID;
        CREATE INDEX evidence_counts_by_proxy ON evidence_counts (proxy, part);
        """

    private static let runtimeVersion3 = """
        ALTER TABLE proxies ADD COLUMN stale_since INTEGER;
        ALTER TABLE proxies ADD COLUMN problems TEXT NOT NULL DEFAULT '';
        """

    private static let runtimeVersion4 = """
        ALTER TABLE proxies ADD COLUMN applied_commit TEXT NOT NULL DEFAULT '';
        """

    /// For whom a proxy's routes are chosen: the namespace and labels of its clients. What ran before did not tell.
    private static let runtimeVersion5 = """
        ALTER TABLE proxies ADD COLUMN client_namespace TEXT NOT NULL DEFAULT '';
        ALTER TABLE proxies ADD COLUMN client_labels TEXT NOT NULL DEFAULT '';
        """

    /// The endpoints that fail a proxy's health checks: host, address and reason, a line each, with tabs.
    private static let runtimeVersion6 = """
        ALTER TABLE proxies ADD COLUMN failing TEXT NOT NULL DEFAULT '';
        """

    /// What of the cluster store a proxy cannot read: a sentence a line.
    private static let runtimeVersion7 = """
        ALTER TABLE proxies ADD COLUMN damage TEXT NOT NULL DEFAULT '';
        """

    /// The nodes that run pods, and their pods as objects: `body` is JSON, `version` counts the changes of one pod.
    private static let runtimeVersion8 = """
        CREATE TABLE nodes (
            id TEXT PRIMARY KEY,
            pid INTEGER NOT NULL,
            process_start INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            version TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE pods (
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            node TEXT NOT NULL,
            uid TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            version INTEGER NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (namespace, name)
        ) WITHOUT ROWID;
        """

    /// What nodes tell of autoscalers: `status` is JSON.
    private static let runtimeVersion9 = """
        CREATE TABLE autoscalers (
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            node TEXT NOT NULL,
            status BLOB NOT NULL,
            PRIMARY KEY (namespace, name)
        ) WITHOUT ROWID;
        """

    /// The pods that somebody wants the node to end; without `grace_milliseconds` in their own time.
    private static let runtimeVersion10 = """
        CREATE TABLE pod_deletions (
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            uid TEXT NOT NULL,
            grace_milliseconds INTEGER,
            PRIMARY KEY (namespace, name)
        ) WITHOUT ROWID;
        """

    /// What happened to objects: what happened again is counted. Moments are milliseconds since 1970.
    private static let runtimeVersion11 = """
        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            reason TEXT NOT NULL,
            message TEXT NOT NULL,
            is_warning INTEGER NOT NULL,
            count INTEGER NOT NULL,
            first_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            UNIQUE (kind, namespace, name, reason, message)
        );
        CREATE INDEX events_by_time ON events (last_at);
        """

    /// - `nodes.pods_version`: counts the changes of a node's pods.
    /// - `served_pods`: up to which of these a proxy in another process serves them.
    private static let runtimeVersion12 = """
        ALTER TABLE nodes ADD COLUMN pods_version INTEGER NOT NULL DEFAULT 0;

        CREATE TABLE served_pods (
            proxy TEXT PRIMARY KEY,
            node TEXT NOT NULL,
            version INTEGER NOT NULL
        ) WITHOUT ROWID;
        """
}
