// SPDX-License-Identifier: Apache-2.0

extension DatabaseFormat {
    /// `cluster.db`: all objects at the current revision, and of the past what `undo` and `history` need.
    static let cluster = DatabaseFormat(
        name: "cluster.db",
        lockName: "lock",
        applicationID: 0x63_6e_72_79,
        migrations: [
            clusterVersion1, clusterVersion2, absencesOfRouting, rollouts, deploymentTemplates, imageCommands,
        ],
        synchronous: "FULL"
    )

    /// - `store`: one row. `uid` tells this store from another one at the same place; of deletions up to
    ///   `forgotten_revision` nothing is known any more.
    /// - `objects`: the current state.
    /// - `tokens`: what callers look objects up by; derived from the bodies, by the caller.
    /// - `tombstones`: deleted keys, for those who follow changes.
    /// - `past_objects`: an object's state as it was until `replaced_revision` replaced or deleted it, of the kinds that
    ///   decide about routing.
    /// - `host_changes`, `host_change_objects`: who changed a host's routing when and why, and by which objects.
    private static let clusterVersion1 = """
        CREATE TABLE store (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            uid TEXT NOT NULL,
            revision INTEGER NOT NULL,
            forgotten_revision INTEGER NOT NULL
        );
        INSERT INTO store VALUES (1, lower(hex(randomblob(16))), 0, 0);

        CREATE TABLE objects (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            uid TEXT NOT NULL,
            revision INTEGER NOT NULL,
            created_revision INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            route_revisions TEXT NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (kind, namespace, name)
        );
        CREATE INDEX objects_by_revision ON objects (revision);

        CREATE TABLE tokens (
            token TEXT NOT NULL,
            object INTEGER NOT NULL,
            PRIMARY KEY (token, object)
        ) WITHOUT ROWID;
        CREATE INDEX tokens_by_object ON tokens (object);

        CREATE TABLE tombstones (
            kind TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            revision INTEGER NOT NULL,
            PRIMARY KEY (kind, namespace, name)
        ) WITHOUT ROWID;
        CREATE INDEX tombstones_by_revision ON tombstones (revision);

        CREATE TABLE past_objects (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            replaced_revision INTEGER NOT NULL,
            replaced_at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            reason TEXT,
            uid TEXT NOT NULL,
            revision INTEGER NOT NULL,
            created_revision INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            route_revisions TEXT NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (kind, namespace, name, replaced_revision)
        );

        CREATE TABLE host_changes (
            host TEXT NOT NULL,
            revision INTEGER NOT NULL,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            reason TEXT,
            summary TEXT NOT NULL,
            PRIMARY KEY (host, revision)
        ) WITHOUT ROWID;

        CREATE TABLE host_change_objects (
            host TEXT NOT NULL,
            revision INTEGER NOT NULL,
            kind TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            PRIMARY KEY (host, revision, kind, namespace, name)
        ) WITHOUT ROWID;
        """

    /// - `commits`: a random id for each of the last revisions, since revisions come again after a backup was restored.
    /// - `route_epochs`: of a VirtualService, for each HTTP route, and behind them for each TCP route, the revision and the
    ///   commit that began its split, `7@3f…,3@a0…`. What version 1 kept, revisions alone, gets the id of the commit that the migration makes up.
    private static let clusterVersion2 = """
        CREATE TABLE commits (
            revision INTEGER PRIMARY KEY,
            id TEXT NOT NULL
        );
        INSERT INTO commits SELECT revision, lower(hex(randomblob(16))) FROM store;

        ALTER TABLE objects RENAME COLUMN route_revisions TO route_epochs;
        ALTER TABLE past_objects RENAME COLUMN route_revisions TO route_epochs;
        UPDATE objects SET route_epochs = replace(route_epochs, ',', '@' || (SELECT id FROM commits) || ',') \
            || '@' || (SELECT id FROM commits) WHERE route_epochs <> '';
        UPDATE past_objects SET route_epochs = replace(route_epochs, ',', '@' || (SELECT id FROM commits) || ',') \
            || '@' || (SELECT id FROM commits) WHERE route_epochs <> '';
        """
}
