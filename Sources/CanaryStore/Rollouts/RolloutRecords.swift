// SPDX-License-Identifier: Apache-2.0

/// A Rollout as it was begun. The store never looks into what was asked for.
package struct RolloutRecord: Hashable, Sendable {
    /// Never comes again in a store; larger ones are newer. 0 for one that has not begun.
    package var id: Int64
    /// The object's.
    package var uid: String
    /// The newest generation of the object that the run knows of.
    package var generation: Int64
    package var namespace: String
    package var name: String
    /// The host's full name.
    package var host: String
    /// The object as JSON, as it was when the run began.
    package var body: String
    /// Milliseconds since 1970, UTC.
    package var begunAt: Int64
    package var phase: String
    /// Whether nothing will happen any more, but for orders.
    package var isOver: Bool

    package init(
        id: Int64 = 0,
        uid: String,
        generation: Int64,
        namespace: String,
        name: String,
        host: String,
        body: String,
        begunAt: Int64 = 0,
        phase: String,
        isOver: Bool = false
    ) {
        self.id = id
        self.uid = uid
        self.generation = generation
        self.namespace = namespace
        self.name = name
        self.host = host
        self.body = body
        self.begunAt = begunAt
        self.phase = phase
        self.isOver = isOver
    }
}

/// A line of a rollout's journal.
package struct JournalRow: Hashable, Sendable {
    package var number: Int
    /// Counted from 1; a rollout that is tried again goes on in the same journal.
    package var attempt: Int
    package var entry: String

    package init(number: Int, attempt: Int, entry: String) {
        self.number = number
        self.attempt = attempt
        self.entry = entry
    }
}

/// What somebody asks of a rollout.
package struct OrderRow: Hashable, Sendable {
    /// Unique among all orders.
    package var id: String
    package var rollout: Int64
    package var command: String
    package var actor: String
    package var reason: String

    package init(id: String, rollout: Int64, command: String, actor: String, reason: String) {
        self.id = id
        self.rollout = rollout
        self.command = command
        self.actor = actor
        self.reason = reason
    }
}

/// What became of an order.
package enum OrderAnswer: Hashable, Sendable {
    /// No controller has taken it up.
    case waiting
    case obeyed
    case refused(String)
}
