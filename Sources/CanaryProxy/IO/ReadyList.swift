// SPDX-License-Identifier: Apache-2.0

/// The connections of a worker that are to be gone on with, of both kinds, in the order in which they came. Each is in it
/// at most once, and stays in memory until it was taken out.
struct ReadyList {
    typealias Entry = SlabPointer<Registration>

    private var first: Entry?
    private var last: Entry?

    var isEmpty: Bool { first == nil }

    mutating func insert(_ entry: Entry) {
        guard !entry.pointee.isReady else { return }
        entry.pointee.isReady = true
        entry.pointee.nextReady = nil
        if let last { last.pointee.nextReady = entry } else { first = entry }
        last = entry
    }

    mutating func popFirst() -> Entry? {
        guard let entry = first else { return nil }
        first = entry.pointee.nextReady
        if first == nil { last = nil }
        entry.pointee.isReady = false
        entry.pointee.nextReady = nil
        return entry
    }
}
