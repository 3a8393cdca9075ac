// SPDX-License-Identifier: Apache-2.0

package import CanaryResources
import Synchronization

/// All that metrics and pages need to know of a counter. Several counters can share a key; they differ in the endpoint's labels
/// or in what of the route does not concern its split.
package struct RouteCounter: Hashable, Sendable {
    package var key: EvidenceKey
    /// `namespace/name`; empty for a host without VirtualService.
    package var virtualService: String
    package var routeName: String
    /// The position among the route's destinations; -1 where there is none.
    package var position: Int
    /// The destination's full name; `unknown`, as in Istio, where the proxy answers by itself.
    package var destinationHost: String
    /// Empty for none.
    package var subset: String
    /// The destination's own port; 0 where it is the request's.
    package var port: Int
    package var weight: Int
    /// The Service's name and namespace; a host that is no Service is its own name in the ServiceEntry's namespace.
    package var serviceName: String
    package var serviceNamespace: String
    /// The endpoint's workload (Deployment), `unknown` as in Istio where nothing says.
    package var workload: String
    /// The endpoint's version label, `unknown` as in Istio where it has none.
    package var version: String
    /// Whether connections are counted, instead of requests.
    package var isConnection = false

    /// Whether copies are counted.
    package var isMirror: Bool { position < 0 && !key.destination.isEmpty }

    /// A counter of answers that come from no destination.
    package init(answersOf key: EvidenceKey, virtualService: String, routeName: String) {
        self.key = key
        self.virtualService = virtualService
        self.routeName = routeName
        position = -1
        destinationHost = "unknown"
        subset = ""
        port = 0
        weight = 0
        serviceName = "unknown"
        serviceNamespace = "unknown"
        workload = "unknown"
        version = "unknown"
    }
}

/// Small numbers for counters, the same in every table that names the same counter. A number that no table names any more can
/// be withdrawn, and given to another counter once nothing holds counts under it.
package final class CounterRegistry: Sendable {
    private struct Entry {
        var counter: RouteCounter
        /// How many hosts' tables name it.
        var uses: Int
    }

    private struct State {
        var entries: [Entry?] = []
        var numbers: [RouteCounter: UInt32] = [:]
        var unused: Set<UInt32> = []
        var free: [UInt32] = []
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

    /// The number of a counter, which is in use until it is released; `held` are the numbers that the caller has already.
    func lease(_ counter: RouteCounter, held: inout Set<UInt32>) -> UInt32 {
        state.withLock { state in
            let number: UInt32
            if let known = state.numbers[counter] {
                number = known
            } else if let free = state.free.popLast() {
                number = free
                state.entries[Int(number)] = Entry(counter: counter, uses: 0)
                state.numbers[counter] = number
            } else {
                number = UInt32(truncatingIfNeeded: state.entries.count)
                state.entries.append(Entry(counter: counter, uses: 0))
                state.numbers[counter] = number
            }
            if held.insert(number).inserted {
                state.entries[Int(number)]?.uses += 1
                state.unused.remove(number)
            }
            return number
        }
    }

    func release(_ numbers: Set<UInt32>) {
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
            let withdrawn = state.unused.sorted().compactMap { number in
                state.entries[Int(number)].map { (number: number, counter: $0.counter) }
            }
            for (number, counter) in withdrawn {
                state.numbers[counter] = nil
                state.entries[Int(number)] = nil
            }
            state.unused = []
            return withdrawn
        }
    }

    /// Allows numbers to be given out again.
    package func recycle(_ numbers: [UInt32]) {
        state.withLock { $0.free += numbers }
    }

    /// The keys that tables name now.
    package var keys: Set<EvidenceKey> {
        state.withLock { state in
            Set(state.entries.compactMap { $0.map { $0.uses > 0 ? $0.counter.key : nil } ?? nil })
        }
    }
}
