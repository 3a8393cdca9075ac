// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Something that happened to an object, however often. Its moments are milliseconds since 1970, UTC.
package struct EventRecord: Hashable, Sendable {
    package var object: ResourceKey
    package var isWarning: Bool
    package var reason: String
    package var message: String
    package var count: Int
    package var first: Int64
    package var last: Int64

    package init(
        of object: ResourceKey,
        isWarning: Bool,
        reason: String,
        message: String,
        count: Int = 1,
        first: Int64,
        last: Int64
    ) {
        self.object = object
        self.isWarning = isWarning
        self.reason = reason
        self.message = message
        self.count = count
        self.first = first
        self.last = last
    }
}

extension RuntimeStore {
    /// How long an event is kept after it happened last, as Kubernetes keeps it.
    package static let keptEventMilliseconds: Int64 = 3_600_000
    /// More than these of one object, and of all, are forgotten, the oldest first: a probe that fails may say something else each time.
    package static let mostEventsOfObject = 20
    package static let mostEvents = 5000

    /// Adds events to those that are known, which they are counted with where they say the same.
    package func add(_ events: [EventRecord]) throws(StoreError) {
        guard !events.isEmpty else { return }
        let horizon = eventHorizon
        try change { database throws(StoreError) in
            try database.run("DELETE FROM events WHERE last_at < ?", [.integer(horizon)])
            for event in events { try Self.add(event, in: database) }
            for object in Set(events.map(\.object)) {
                try database.run(
                    """
                    DELETE FROM events WHERE id IN (SELECT id FROM events WHERE kind = ? AND namespace = ? \
                    AND name = ? ORDER BY last_at DESC, id DESC LIMIT -1 OFFSET ?)
                    """,
                    Self.values(object) + [.integer(Int64(Self.mostEventsOfObject))]
                )
            }
            try database.run(
                "DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY last_at DESC LIMIT -1 OFFSET ?)",
                [.integer(Int64(Self.mostEvents))]
            )
        }
    }

    private static func add(_ event: EventRecord, in database: Database) throws(StoreError) {
        try database.run(
            """
            INSERT INTO events (kind, namespace, name, reason, message, is_warning, count, first_at, last_at) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, namespace, name, reason, message) DO UPDATE \
            SET count = count + excluded.count, last_at = max(last_at, excluded.last_at)
            """,
            values(event.object) + [
                .text(event.reason), .text(event.message), .integer(event.isWarning ? 1 : 0),
                .integer(Int64(event.count)), .integer(event.first), .integer(event.last),
            ]
        )
    }

    private static func values(_ key: ResourceKey) -> [SQLValue] {
        [.text(key.kind.rawValue), .text(key.namespace), .text(key.name)]
    }

    private var eventHorizon: Int64 { now - Self.keptEventMilliseconds }

    /// What happened in the last hour, the newest last.
    ///
    /// - Parameter object: what it happened to; `nil` is every object.
    package func events(of object: ResourceKey? = nil) throws(StoreError) -> [EventRecord] {
        let condition = object == nil ? "" : " AND kind = ? AND namespace = ? AND name = ?"
        let values = [.integer(eventHorizon)] + (object.map(Self.values) ?? [])
        let rows = try look { database throws(StoreError) in
            try database.rows(
                """
                SELECT kind, namespace, name, reason, message, is_warning, count, first_at, last_at FROM events \
                WHERE last_at >= ?\(condition) ORDER BY last_at, id
                """,
                values,
                Self.event
            )
        }
        return (rows ?? []).compactMap(\.self)
    }

    private static func event(_ row: Row) throws(SQLiteError) -> EventRecord? {
        guard let kind = ResourceKind(rawValue: row.text(0)) else { return nil }
        return EventRecord(
            of: ResourceKey(kind, namespace: row.text(1), name: row.text(2)),
            isWarning: row.integer(5) != 0,
            reason: row.text(3),
            message: row.text(4),
            count: Int(row.integer(6)),
            first: row.integer(7),
            last: row.integer(8)
        )
    }
}
