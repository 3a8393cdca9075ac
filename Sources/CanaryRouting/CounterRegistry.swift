// SPDX-License-Identifier: Apache-2.0

package import CanaryResources
import Synchronization

/// Small numbers for counters, the same in every table that names the same counter. A number that no table names any more can
/// be withdrawn, and given to another counter once nothing holds counts under it.
package final class CounterRegistry: Sendable {
    /// A class, so that both that lead to it hold a pointer: there may be a hundred thousand.
    private final class Entry: Hashable {
        let counter: RouteCounter
        var number = CounterRegistry.none
        /// How often hosts' tables name it.
        var uses: Int32 = 0

        init(_ counter: RouteCounter) { self.counter = counter }

        static func == (left: Entry, right: Entry) -> Bool { left.counter == right.counter }
        func hash(into hasher: inout Hasher) { hasher.combine(counter) }
    }

    private struct State {
        /// By their numbers.
        var entries: [Entry?] = []
        var known: Set<Entry> = []
        var unused: Set<UInt32> = []
        var free: [UInt32] = []

        mutating func number(_ entry: Entry) {
            if let number = free.popLast() {
                entry.number = number
                entries[Int(number)] = entry
            } else {
                entry.number = UInt32(truncatingIfNeeded: entries.count)
                entries.append(entry)
            }
        }
    }

    /// The number of nothing: what it would count is counted elsewhere.
    package static let none = UInt32.max

    private let state = Mutex(State())

    package init() {}

    /// All numbers so far are smaller.
    package var count: Int { state.withLock { $0.entries.count } }

    /// The meaning of a number; `nil` for one that has none. Takes a lock: not for the request path.
    package func counter(_ number: UInt32) -> RouteCounter? {
        state.withLock { $0.entries.indices.contains(Int(number)) ? $0.entries[Int(number)]?.counter : nil }
    }

    /// The number of a counter, which is in use until it is released as often as it was leased.
    func lease(_ counter: RouteCounter) -> UInt32 {
        state.withLock { state in
            let (isNew, entry) = state.known.insert(Entry(counter))
            if isNew { state.number(entry) }
            if !isNew, entry.uses == 0 { state.unused.remove(entry.number) }
            entry.uses += 1
            return entry.number
        }
    }

    func release(_ numbers: [UInt32]) {
        state.withLock { state in
            for number in numbers {
                state.entries[Int(number)]?.uses -= 1
                if state.entries[Int(number)]?.uses == 0 { state.unused.insert(number) }
            }
        }
    }

    /// Takes the numbers that no table names any more out of use. Nobody counts under them now; they stay reserved until they
    /// are recycled.
    package func withdraw() -> [(number: UInt32, counter: RouteCounter)] {
        state.withLock { state in
            let withdrawn = state.unused.sorted().compactMap { state.entries[Int($0)] }
            for entry in withdrawn {
                state.known.remove(entry)
                state.entries[Int(entry.number)] = nil
            }
            state.unused = []
            return withdrawn.map { (number: $0.number, counter: $0.counter) }
        }
    }

    /// Allows numbers to be given out again.
    package func recycle(_ numbers: [UInt32]) {
        state.withLock { $0.free += numbers }
    }

    /// The keys that tables name now, each as often as counters have it: one after the other, as there may be very many.
    package var keys: some Sequence<EvidenceKey> {
        (0..<UInt32(clamping: count)).lazy.compactMap { number in
            self.state.withLock { state in
                guard state.entries.indices.contains(Int(number)), let entry = state.entries[Int(number)]
                else {
                    return nil
                }
                return entry.uses > 0 ? entry.counter.key : nil
            }
        }
    }
}
