// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Synchronization
import Testing

@testable import CanaryProxy
@testable import CanaryRouting

/// What workers count, summed up by key while numbers come into use and leave it.
struct CounterBookTests {
    /// Two counters for each of five keys: several endpoints of one destination.
    private static let counters = (0..<10).map { number in
        let key = EvidenceKey(
            store: "s",
            host: "h\(number / 2)",
            owner: "",
            route: "",
            destination: "",
            epoch: .none
        )
        var counter = RouteCounter(answersOf: key, virtualService: "", routeName: "")
        counter.target.value.version = "v\(number % 2)"
        return counter
    }

    private struct Counts: Equatable {
        var assigned: UInt64 = 0
        var ended: UInt64 = 0
        var firstTries: UInt64 = 0

        static func + (left: Counts, right: Counts) -> Counts {
            Counts(
                assigned: left.assigned + right.assigned,
                ended: left.ended + right.ended,
                firstTries: left.firstTries + right.firstTries
            )
        }
    }

    /// A proxy's counting, what really happened, and what the store has been told: the last state of each part.
    private struct Scene {
        let registry = CounterRegistry()
        let workers = [WorkerCounters(), WorkerCounters()]
        let book: CounterBook
        var leased: [RouteCounter: UInt32] = [:]
        var model: [EvidenceKey: Counts] = [:]
        var written: [Int64: (key: EvidenceKey, counts: Counts)] = [:]

        init() { book = CounterBook(registry: registry, workers: workers) }

        mutating func lease(_ counter: RouteCounter) {
            guard leased[counter] == nil else { return }
            leased[counter] = registry.lease(counter)
        }

        mutating func release(_ counter: RouteCounter) {
            if let number = leased.removeValue(forKey: counter) { registry.release([number]) }
        }

        mutating func count(_ random: inout SeededGenerator) {
            guard let (counter, number) = leased.randomElement(using: &random) else { return }
            let worker = random.pick(workers)
            worker.countAssigned(number)
            model[counter.key, default: Counts()].assigned += 1
            if random.chance(20) {
                worker.countFirstTry(number, CountedAnswer(status: 503), nanoseconds: 1)
                model[counter.key, default: Counts()].firstTries += 1
            }
            guard random.chance(80) else { return }
            let flags = ResponseFlags(random.chance(10) ? .downstreamConnectionTermination : .none)
            let answer = CountedAnswer(status: 200, flags: flags)
            worker.countEnd(number, answer, nanoseconds: 1, isRetried: random.chance(10))
            model[counter.key, default: Counts()].ended += 1
        }

        /// Reports are written and confirmed, written without that anybody hears of it, or lost.
        mutating func report(isWritten: Bool, isConfirmed: Bool) -> EvidenceReport {
            let report = book.report()
            if isWritten {
                for item in report.items {
                    let evidence = item.evidence
                    let counts = Counts(
                        assigned: evidence.assigned,
                        ended: evidence.ended,
                        firstTries: evidence.firstTries.total
                    )
                    written[item.part] = (item.key, counts)
                }
            }
            if isConfirmed { book.confirm(report) }
            return report
        }

        var told: [EvidenceKey: Counts] {
            written.values.reduce(into: [:]) {
                $0[$1.key, default: Counts()] = $0[$1.key, default: Counts()] + $1.counts
            }
        }

        var assignedInMetrics: UInt64 { book.series().values.reduce(0) { $0 + $1.assigned } }
    }

    /// Two destinations of one route.
    private static let versions = ["v1", "v2"].map { version in
        let key = EvidenceKey(
            store: "s",
            host: "h",
            owner: "o",
            route: "r",
            destination: "",
            epoch: .none
        )
        var target = RouteCounter.Target()
        target.identity = version
        return RouteCounter(
            Shared(RouteCounter.Route(key, virtualService: "", name: "")),
            Shared(target)
        )
    }

    @Test func `what both versions of a route went through is told of both or of none`() {
        let registry = CounterRegistry()
        let worker = WorkerCounters()
        let numbers = Self.versions.map { registry.lease($0) }
        let stall = Atomic(2)
        let book = CounterBook(registry: registry, workers: [worker]) {
            // While the reporter looks, requests that were held up end.
            guard stall.subtract(1, ordering: .relaxed).newValue >= 0 else { return }
            for number in numbers {
                for _ in 0..<100 {
                    worker.countEnd(
                        number,
                        CountedAnswer(status: 200),
                        nanoseconds: 1,
                        isRetried: false
                    )
                }
            }
        }
        worker.countAssigned(numbers[1])
        let report = book.report()
        let ended = Dictionary(report.items.map { ($0.key.destination, $0.evidence.ended) }) { $1 }
        #expect(ended == ["v1": 200, "v2": 200])
        book.confirm(report)
        #expect(book.report().items.isEmpty)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `what reports say adds up to what happened, whichever of them got through`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var scene = Scene()
        for _ in 0..<2000 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<10: scene.lease(random.pick(Self.counters))
            case 10..<18: scene.release(random.pick(Self.counters))
            case 18..<22: _ = scene.report(isWritten: true, isConfirmed: true)
            case 22..<24: _ = scene.report(isWritten: true, isConfirmed: false)
            case 24..<26: _ = scene.report(isWritten: false, isConfirmed: false)
            case 26:
                // The file is gone.
                scene.book.repeatAll()
                let known = scene.book.report()
                scene.written = scene.written.filter { part, _ in !known.items.contains { $0.part == part } }
            default: scene.count(&random)
            }
        }
        _ = scene.report(isWritten: true, isConfirmed: true)
        #expect(scene.told == scene.model)
        #expect(scene.assignedInMetrics == scene.model.values.reduce(0) { $0 + $1.assigned })
        // Numbers are given out again, not added.
        #expect(scene.registry.count <= Self.counters.count)
    }

    @Test func `what nobody names any more is told once, and finished`() {
        var scene = Scene()
        var random = SeededGenerator(seed: 1)
        scene.lease(Self.counters[0])
        for _ in 0..<100 { scene.count(&random) }
        let first = scene.report(isWritten: true, isConfirmed: true)
        #expect(first.items.count == 1 && first.finished.isEmpty)
        #expect(scene.report(isWritten: true, isConfirmed: true).items.isEmpty)
        scene.release(Self.counters[0])
        let last = scene.report(isWritten: true, isConfirmed: true)
        #expect(last.items.map(\.part) == first.items.map(\.part))
        let finished = scene.report(isWritten: true, isConfirmed: true)
        #expect(finished.finished == first.items.map(\.part) && finished.items.isEmpty)
        #expect(scene.report(isWritten: true, isConfirmed: true).finished.isEmpty)
        #expect(scene.told == scene.model)
        // The same counter begins a part of its own.
        scene.lease(Self.counters[0])
        scene.count(&random)
        let again = scene.report(isWritten: true, isConfirmed: true)
        #expect(again.items.map(\.part) != first.items.map(\.part))
        #expect(scene.told == scene.model)
    }
}
