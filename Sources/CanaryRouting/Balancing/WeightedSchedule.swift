// SPDX-License-Identifier: Apache-2.0

/// Whose turn it is when weights differ: earliest deadline first, Envoy's `EdfScheduler`. Each pick of an endpoint sets its
/// next one 1/weight later, so that shares are exact and heavy ones take turns evenly. A worker keeps one for a cluster; it
/// allocates when it is made, and never again.
package struct WeightedSchedule: Sendable {
    private struct Entry {
        var deadline: Double
        /// Of equal deadlines the one that was set first.
        var order: UInt64
        var index: Int32
    }

    /// A binary heap.
    private var entries: [Entry] = []
    private var order: UInt64 = 0

    package var count: Int { entries.count }

    /// `random` turns are taken at once, so that workers and proxies do not go in step; weights must be positive.
    package init(count: Int, random: UInt64, weight: (Int) -> Double) {
        entries.reserveCapacity(count)
        for index in 0..<max(count, 0) {
            entries.append(
                Entry(deadline: 1 / Self.positive(weight(index)), order: order, index: Int32(clamping: index))
            )
            order += 1
        }
        for index in (0..<count / 2).reversed() { sink(index) }
        guard count > 0 else { return }
        for _ in 0..<Int(random % UInt64(count)) { _ = next(weight) }
    }

    /// The index whose turn it is, with the weights of now; -1 without any.
    package mutating func next(_ weight: (Int) -> Double) -> Int {
        guard let first = entries.first else { return -1 }
        let index = Int(first.index)
        entries[0].deadline = first.deadline + 1 / Self.positive(weight(index))
        entries[0].order = order
        order &+= 1
        sink(0)
        return index
    }

    private static func positive(_ weight: Double) -> Double { max(weight, 1e-9) }

    private func comesBefore(_ left: Int, _ right: Int) -> Bool {
        (entries[left].deadline, entries[left].order) < (entries[right].deadline, entries[right].order)
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in 2 * parent + 1...2 * parent + 2
            where child < entries.count && comesBefore(child, least) {
                least = child
            }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
