// SPDX-License-Identifier: Apache-2.0

package import CanaryResources
import CanaryRouting
import Synchronization

/// What was counted, by key, since the last report that was confirmed.
package struct EvidenceReport: Sendable {
    package struct Item: Sendable {
        package var key: EvidenceKey
        /// Tells apart the times for which a key was counted in this process.
        package var part: Int64
        /// All that was counted in this part, not the growth alone.
        package var evidence: RouteEvidence
    }

    package var items: [Item] = []
    /// Parts that will not grow any more, and whose last state was confirmed.
    package var finished: [Int64] = []
    /// Events by number that `items` covers.
    fileprivate var marks: [UInt32: UInt64] = [:]
}

/// Sums up what the workers count: by key for the evidence, by labels for metrics. It sees to it that nothing is lost, and no
/// memory kept, when tables stop naming a counter.
final class CounterBook: Sendable {
    /// A key as long as any table names it.
    private struct Entry {
        var part: Int64
        /// From numbers that are not in use any more.
        var settled = RouteEvidence()
        var numbers: Set<UInt32> = []
    }

    private struct State {
        var entries: [EvidenceKey: Entry] = [:]
        var changed: Set<EvidenceKey> = []
        /// Events of each number that were reported and confirmed.
        var marks: [UInt32: UInt64] = [:]
        var parts: Int64 = 0
        var finished: [Int64] = []
        var retiredSeries = RetiredSeries()
    }

    /// How often a route that goes on is looked at.
    private static let mostLooks = 5
    /// So many events may be seen of one destination and not yet of another: a request has two.
    private static let unnoticed: UInt64 = 4

    private let registry: CounterRegistry
    private let workers: [WorkerCounters]
    private let state = Mutex(State())
    /// What happens between marks and counts; for tests.
    private let whileLooking: @Sendable () -> Void

    init(
        registry: CounterRegistry,
        workers: [WorkerCounters],
        whileLooking: @escaping @Sendable () -> Void = {}
    ) {
        self.registry = registry
        self.workers = workers
        self.whileLooking = whileLooking
    }

    // MARK: - Evidence

    /// What changed since the last confirmed report.
    ///
    /// A route's destinations are seen at one moment, nearly: whoever compares them would take a stall of which one of them has the
    /// slow requests, and the other not yet, for a slow version. Routes that went on while they were looked at are looked at again.
    func report() -> EvidenceReport {
        state.withLock { state in
            settleUnused(&state)
            var report = EvidenceReport(finished: state.finished)
            var items: [EvidenceKey: EvidenceReport.Item] = [:]
            var routes: Set<CountedRoute>?
            for _ in 0..<Self.mostLooks {
                findChanged(routes, &state, &report)
                whileLooking()
                for key in state.changed where routes?.contains(CountedRoute(key)) ?? true {
                    items[key] = item(key, state)
                }
                let moved = routesThatMoved(report, state)
                guard !moved.isEmpty else { break }
                routes = moved
            }
            report.items = Array(items.values)
            return report
        }
    }

    private func item(_ key: EvidenceKey, _ state: borrowing State) -> EvidenceReport.Item? {
        guard let entry = state.entries[key] else { return nil }
        var sum = entry.settled
        for number in entry.numbers { sum.add(evidence(number)) }
        return EvidenceReport.Item(key: key, part: entry.part, evidence: sum)
    }

    /// The routes of which more was counted since the report's marks than a judge would notice.
    private func routesThatMoved(_ report: EvidenceReport, _ state: borrowing State) -> Set<CountedRoute> {
        var moved: [CountedRoute: UInt64] = [:]
        for number in 0..<UInt32(clamping: registry.count) {
            let known = report.marks[number] ?? state.marks[number] ?? 0
            let more = eventCount(number) &- known
            guard more > 0, let counter = registry.counter(number) else { continue }
            moved[CountedRoute(counter.key), default: 0] &+= more
        }
        return Set(moved.filter { $0.value > Self.unnoticed }.keys)
    }

    /// Notes that a report, the last one that was made, was written.
    func confirm(_ report: EvidenceReport) {
        state.withLock { state in
            state.marks.merge(report.marks) { $1 }
            state.finished.removeAll { report.finished.contains($0) }
            for item in report.items {
                state.changed.remove(item.key)
                guard let entry = state.entries[item.key], entry.numbers.isEmpty else { continue }
                state.entries[item.key] = nil
                state.finished.append(entry.part)
            }
        }
    }

    /// Has the next report hold everything, because what was written is gone.
    func repeatAll() {
        state.withLock { $0.changed.formUnion($0.entries.keys) }
    }

    /// Moves what was counted under numbers that no table names any more to their keys, and frees their memory.
    private func settleUnused(_ state: inout State) {
        let unused = registry.withdraw()
        for (number, counter) in unused {
            var sum = RouteEvidence()
            for worker in workers { worker.take(number).map { sum.add($0) } }
            let isNews = sum.isEmpty == false && state.marks[number] != events(of: sum)
            state.marks[number] = nil
            state.entries[counter.key]?.numbers.remove(number)
            guard !sum.isEmpty else { continue }
            state.retiredSeries.add(sum, to: SeriesLabels(counter))
            entry(counter.key, &state) { $0.settled.add(sum) }
            // An entry without numbers is let go of once it is reported, so it is reported once more.
            if isNews || state.entries[counter.key]?.numbers.isEmpty == true {
                state.changed.insert(counter.key)
            }
        }
        registry.recycle(unused.map(\.number))
    }

    /// Every event counts one: assignments, ends and first tries.
    private func events(of sum: RouteEvidence) -> UInt64 {
        sum.assigned &+ sum.ended &+ sum.firstTries.total
    }

    /// - Parameter routes: the only ones to look at, if not all are.
    private func findChanged(
        _ routes: Set<CountedRoute>?,
        _ state: inout State,
        _ report: inout EvidenceReport
    ) {
        for number in 0..<UInt32(clamping: registry.count) {
            let events = eventCount(number)
            guard events != report.marks[number] ?? state.marks[number] ?? 0,
                let counter = registry.counter(number),
                routes?.contains(CountedRoute(counter.key)) ?? true
            else { continue }
            report.marks[number] = events
            entry(counter.key, &state) { _ = $0.numbers.insert(number) }
            state.changed.insert(counter.key)
        }
    }

    private func eventCount(_ number: UInt32) -> UInt64 {
        workers.reduce(0) { $0 &+ $1.eventCount(number) }
    }

    private func entry(_ key: EvidenceKey, _ state: inout State, _ change: (inout Entry) -> Void) {
        if state.entries[key] == nil {
            state.parts += 1
            state.entries[key] = Entry(part: state.parts)
        }
        if var entry = state.entries[key] {
            change(&entry)
            state.entries[key] = entry
        }
    }

    private func evidence(_ number: UInt32) -> RouteEvidence {
        workers.reduce(into: RouteEvidence()) { sum, worker in worker.evidence(number).map { sum.add($0) } }
    }

    // MARK: - Metrics

    /// Everything that was counted since the start, by labels; it only grows.
    func series() -> [SeriesLabels: RouteEvidence] {
        state.withLock { state in
            var series = state.retiredSeries.sums
            for number in 0..<UInt32(clamping: registry.count) {
                let sum = evidence(number)
                guard !sum.isEmpty, let counter = registry.counter(number) else { continue }
                series[SeriesLabels(counter), default: RouteEvidence()].add(sum)
            }
            series[.unknown, default: RouteEvidence()].add(local())
            for worker in workers {
                series[.unknownConnection, default: RouteEvidence()].add(worker.localConnectionEvidence())
            }
            return series
        }
    }

    /// Requests that no route took.
    func local() -> RouteEvidence {
        workers.reduce(into: RouteEvidence()) { $0.add($1.localEvidence()) }
    }
}

/// A route as long as its split stays as it is: what a canary is compared within.
private struct CountedRoute: Hashable {
    private let host: String
    private let owner: String
    private let route: String
    private let epoch: RouteEpoch

    init(_ key: EvidenceKey) {
        (host, owner, route, epoch) = (key.host, key.owner, key.route, key.epoch)
    }
}
