// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What one worker counts. The worker writes, anybody may read: every number is an atomic with one writer, so counting is a
/// plain load, add and store.
///
/// `@unchecked Sendable`: the pages are published once, by a release store, and live as long as this object; all that
/// changes in them is atomic.
final class WorkerCounters: @unchecked Sendable {
    /// Counters a page, and pages: room for 262,144, allocated as they come into use.
    private static let pageSize = 16
    private static let pageCount = 16_384

    private let pages: UnsafeMutablePointer<Atomic<UInt>>
    private let unassigned: UnsafeMutablePointer<CounterCell>
    let connections = Atomic<Int>(0)
    let upstreamConnections = Atomic<Int>(0)
    let rejectedHeads = Atomic<UInt64>(0)
    let revision = Atomic<Int64>(-1)

    init() {
        pages = .allocate(capacity: Self.pageCount)
        for index in 0..<Self.pageCount { (pages + index).initialize(to: Atomic(0)) }
        unassigned = .allocate(capacity: 1)
        unassigned.initialize(to: CounterCell())
    }

    deinit {
        for index in 0..<Self.pageCount {
            guard let page = Self.page(at: pages[index].load(ordering: .acquiring)) else { continue }
            page.deinitialize(count: Self.pageSize)
            page.deallocate()
        }
        pages.deallocate()
        unassigned.deinitialize(count: 1)
        unassigned.deallocate()
    }

    // MARK: - Counting, by the worker alone

    func countAssigned(_ counter: UInt32) {
        cell(for: counter)?.pointee.countAssigned()
    }

    func countAnswer(_ counter: UInt32, status: Int32, flag: ResponseFlag, nanoseconds: UInt64) {
        cell(for: counter)?.pointee.countAnswer(status: status, flag: flag, nanoseconds: nanoseconds)
    }

    /// Counts an answer to a request that never had a destination.
    func countUnassigned(status: Int32, flag: ResponseFlag) {
        unassigned.pointee.countAnswer(status: status, flag: flag, nanoseconds: 0)
    }

    func countRejected() { rejectedHeads.bump() }
    func setConnections(_ count: Int) { connections.store(count, ordering: .relaxed) }
    func setRevision(_ revision: Int64) { self.revision.store(revision, ordering: .relaxed) }

    func addUpstreamConnections(_ difference: Int) {
        upstreamConnections.store(
            upstreamConnections.load(ordering: .relaxed) &+ difference,
            ordering: .relaxed
        )
    }

    private func cell(for counter: UInt32) -> UnsafeMutablePointer<CounterCell>? {
        let index = Int(counter)
        guard index < Self.pageSize * Self.pageCount else { return nil }
        let place = pages + index / Self.pageSize
        if let page = Self.page(at: place.pointee.load(ordering: .relaxed)) {
            return page + index % Self.pageSize
        }
        let page = UnsafeMutablePointer<CounterCell>.allocate(capacity: Self.pageSize)
        for offset in 0..<Self.pageSize { (page + offset).initialize(to: CounterCell()) }
        place.pointee.store(UInt(bitPattern: page), ordering: .releasing)
        return page + index % Self.pageSize
    }

    private static func page(at address: UInt) -> UnsafeMutablePointer<CounterCell>? {
        UnsafeMutablePointer(bitPattern: address)
    }

    // MARK: - Reading, by anybody

    /// The numbers of a counter; `nil` when it never counted anything.
    func snapshot(_ counter: UInt32) -> CounterSnapshot? {
        let index = Int(counter)
        guard index < Self.pageSize * Self.pageCount,
            let page = Self.page(at: pages[index / Self.pageSize].load(ordering: .acquiring))
        else { return nil }
        let snapshot = page[index % Self.pageSize].snapshot()
        return snapshot.assigned == 0 && snapshot.answers.isEmpty ? nil : snapshot
    }

    func unassignedSnapshot() -> CounterSnapshot { unassigned.pointee.snapshot() }
}

/// The atomic numbers of one counter.
struct CounterCell: ~Copyable {
    /// Different answers (status and flag) that are told apart; the last place takes all further ones.
    private static let kinds = 12

    private let assigned = Atomic<UInt64>(0)
    private let sum = Atomic<UInt64>(0)
    private let keys: UnsafeMutablePointer<Atomic<UInt32>>
    private let counts: UnsafeMutablePointer<Atomic<UInt64>>
    private let buckets: UnsafeMutablePointer<Atomic<UInt64>>

    init() {
        keys = .allocate(capacity: Self.kinds)
        counts = .allocate(capacity: Self.kinds)
        buckets = .allocate(capacity: LatencyBuckets.count)
        for index in 0..<Self.kinds {
            (keys + index).initialize(to: Atomic(0))
            (counts + index).initialize(to: Atomic(0))
        }
        for index in 0..<LatencyBuckets.count { (buckets + index).initialize(to: Atomic(0)) }
    }

    deinit {
        keys.deallocate()
        counts.deallocate()
        buckets.deallocate()
    }

    func countAssigned() { assigned.bump() }

    func countAnswer(status: Int32, flag: ResponseFlag, nanoseconds: UInt64) {
        let key = UInt32(truncatingIfNeeded: status) << 8 | UInt32(flag.rawValue) | 1 << 31
        var index = 0
        while index < Self.kinds - 1 {
            let present = keys[index].load(ordering: .relaxed)
            if present == key { break }
            if present == 0 {
                keys[index].store(key, ordering: .relaxed)
                break
            }
            index &+= 1
        }
        counts[index].bump()
        buckets[LatencyBuckets.index(nanoseconds)].bump()
        sum.store(sum.load(ordering: .relaxed) &+ nanoseconds, ordering: .relaxed)
    }

    func snapshot() -> CounterSnapshot {
        var snapshot = CounterSnapshot()
        snapshot.assigned = assigned.load(ordering: .relaxed)
        snapshot.nanoseconds = sum.load(ordering: .relaxed)
        for index in 0..<Self.kinds {
            let count = counts[index].load(ordering: .relaxed)
            guard count > 0 else { continue }
            let key = keys[index].load(ordering: .relaxed)
            let flag = ResponseFlag(rawValue: UInt8(truncatingIfNeeded: key)) ?? .none
            let status = Int(key >> 8 & 0xFFF)
            snapshot.answers[CounterSnapshot.Answer(status: status, flag: flag), default: 0] += count
        }
        for index in 0..<LatencyBuckets.count {
            snapshot.buckets[index] = buckets[index].load(ordering: .relaxed)
        }
        return snapshot
    }
}

extension Atomic where Value == UInt64 {
    /// Adds one; correct with a single writer.
    @inline(__always)
    fileprivate func bump() { store(load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
}

/// The upper bounds of Istio's latency histogram, in milliseconds.
enum LatencyBuckets {
    static let bounds: [Double] = [
        0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
        1_800_000, 3_600_000,
    ]
    /// With the one above all bounds.
    static let count = 20

    static func index(_ nanoseconds: UInt64) -> Int {
        if nanoseconds <= 500_000 { return 0 }
        if nanoseconds <= 1_000_000 { return 1 }
        let milliseconds = Double(nanoseconds) / 1_000_000
        for index in 2..<bounds.count where milliseconds <= bounds[index] { return index }
        return bounds.count
    }
}

/// The numbers of a counter at one moment.
package struct CounterSnapshot: Sendable, Equatable {
    package struct Answer: Hashable, Sendable {
        /// 0 when the connection ended without an answer, or when too many different answers were seen.
        package var status: Int
        package var flag: ResponseFlag
    }

    /// Requests that were assigned, whether or not they were answered yet.
    package var assigned: UInt64 = 0
    package var answers: [Answer: UInt64] = [:]
    /// Answers by duration, not cumulative: `LatencyBuckets`.
    package var buckets = [UInt64](repeating: 0, count: LatencyBuckets.count)
    package var nanoseconds: UInt64 = 0

    package init() {}

    /// Answers with a status from 500 on.
    package var serverErrors: UInt64 {
        answers.reduce(0) { $1.key.status >= 500 ? $0 + $1.value : $0 }
    }

    mutating func add(_ other: CounterSnapshot) {
        assigned += other.assigned
        nanoseconds += other.nanoseconds
        answers.merge(other.answers, uniquingKeysWith: +)
        for index in buckets.indices { buckets[index] += other.buckets[index] }
    }
}
