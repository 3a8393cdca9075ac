// SPDX-License-Identifier: Apache-2.0

extension DatabaseFormat {
    /// - `absences`: when an object did not exist: from `since` to before `until`, or still where that is NULL. Together
    ///   with `past_objects` it covers an object's past without a gap, so that a gap is what was forgotten.
    /// - `store.forgotten_past`: of objects that do not exist any more and have no absence, nothing is known before this
    ///   revision.
    ///
    /// The first format kept the past of every kind, and knew when an object was made, not when it was not there.
    static let absencesOfRouting = """
        CREATE TABLE absences (
            kind TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER,
            PRIMARY KEY (kind, namespace, name, since)
        ) WITHOUT ROWID;
        CREATE INDEX absences_that_last ON absences (since) WHERE until IS NULL;
        CREATE INDEX host_change_objects_by_object ON host_change_objects (kind, namespace, name);
        ALTER TABLE store ADD COLUMN forgotten_past INTEGER NOT NULL DEFAULT 0;

        UPDATE store SET forgotten_past = forgotten_revision;
        DELETE FROM past_objects WHERE kind NOT IN ('VirtualService', 'DestinationRule');
        INSERT OR IGNORE INTO absences
            SELECT kind, namespace, name, since, created_revision FROM (
                SELECT kind, namespace, name, created_revision, coalesce(
                    (SELECT max(replaced_revision) FROM past_objects AS past WHERE past.kind = made.kind
                        AND past.namespace = made.namespace AND past.name = made.name
                        AND replaced_revision <= made.created_revision),
                    iif(
                        (SELECT count(*) FROM past_objects AS past WHERE past.kind = made.kind
                            AND past.namespace = made.namespace AND past.name = made.name) < 100,
                        (SELECT forgotten_past FROM store), created_revision
                    )
                ) AS since FROM (
                    SELECT kind, namespace, name, created_revision FROM objects
                        WHERE kind IN ('VirtualService', 'DestinationRule')
                    UNION SELECT kind, namespace, name, created_revision FROM past_objects
                ) AS made
            ) WHERE since < created_revision;
        INSERT OR IGNORE INTO absences
            SELECT kind, namespace, name, max(replaced_revision), NULL FROM past_objects AS past
            WHERE NOT EXISTS (SELECT 1 FROM objects WHERE objects.kind = past.kind
                AND objects.namespace = past.namespace AND objects.name = past.name)
            GROUP BY kind, namespace, name;
        """
}
