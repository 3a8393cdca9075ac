// SPDX-License-Identifier: Apache-2.0

/// The last things that happened to an object. What happens again is counted, as Kubernetes does, and listed once.
package struct EventSeries: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var event: ObjectEvent
        package var count: Int
        package var first: TimePoint
        package var last: TimePoint
    }

    /// By when each happened last.
    package internal(set) var entries: [Entry] = []

    /// More than these are forgotten, the oldest first.
    package static let most = 20

    package init() {}

    package mutating func note(_ event: ObjectEvent, at now: TimePoint) {
        var entry = Entry(event: event, count: 0, first: now, last: now)
        if let index = entries.firstIndex(where: { $0.event == event }) {
            entry = entries.remove(at: index)
        }
        entry.count += 1
        entry.last = now
        entries.append(entry)
        entries.removeFirst(max(0, entries.count - Self.most))
    }
}
