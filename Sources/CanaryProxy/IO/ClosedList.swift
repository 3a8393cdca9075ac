// SPDX-License-Identifier: Apache-2.0

/// Connections that were closed in a batch of events: their memory stays until no event of the batch can name it.
struct ClosedList {
    typealias Entry = SlabPointer<Registration>

    private var first: Entry?

    var isEmpty: Bool { first == nil }

    mutating func insert(_ entry: Entry) {
        entry.pointee.nextClosed = first
        first = entry
    }

    mutating func popFirst() -> Entry? {
        guard let entry = first else { return nil }
        first = entry.pointee.nextClosed
        entry.pointee.nextClosed = nil
        return entry
    }
}
