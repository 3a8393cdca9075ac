// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Synchronization

/// What one worker counts. The worker writes, anybody may read: every number is an atomic with one writer, so counting is a
/// plain load, add and store, and allocates only what is counted for the first time.
///
/// `@unchecked Sendable`: all that changes is atomic. The block of a number is made by the worker and freed by
/// ``CounterBook``, once no table that the worker could use names the number any more.
final class WorkerCounters: @unchecked Sendable {
    private typealias Page = UnsafeMutablePointer<LazyPlace<CounterBlock>>

    /// Room for four million numbers, allocated as they come into use.
    private static let pageSize = 2048
    private static let pageCount = 2048

    private let pages: UnsafeMutablePointer<Atomic<UInt>>
    /// Answers that belong to no route.
    private let local = CounterBlock()
    /// TCP connections that belong to no route.
    private let localConnections = CounterBlock()
    let connections = Atomic<Int>(0)
    let upstreamConnections = Atomic<Int>(0)
    /// Endpoints and clusters that the worker keeps something of.
    let knownEndpoints = Atomic<Int>(0)
    let knownClusters = Atomic<Int>(0)
    let rejectedHeads = Atomic<UInt64>(0)
    let droppedCopies = Atomic<UInt64>(0)
    let revision = Atomic<Int64>(-1)

    init() {
        pages = .allocate(capacity: Self.pageCount)
        for index in 0..<Self.pageCount { (pages + index).initialize(to: Atomic(0)) }
    }

    deinit {
        for index in 0..<Self.pageCount {
            guard let page = page(index) else { continue }
            for offset in 0..<Self.pageSize { page[offset].clear() }
            page.deinitialize(count: Self.pageSize)
            page.deallocate()
        }
        pages.deallocate()
    }

    // MARK: - Counting, by the worker alone

    /// Counts a request as assigned under a ``RouteCounter``'s number.
    func countAssigned(_ number: UInt32) {
        block(of: number)?.pointee.countAssigned()
    }

    /// Counts how an assigned request ended; `isRetried` when it took more than one try.
    func countEnd(
        _ number: UInt32,
        status: Int32,
        flags: ResponseFlags,
        nanoseconds: UInt64,
        isRetried: Bool
    ) {
        block(of: number)?.pointee.countEnd(
            status: status,
            flags: flags,
            nanoseconds: nanoseconds,
            isRetried: isRetried
        )
    }

    /// Counts how the first try of a request ended that is tried again.
    func countFirstTry(_ number: UInt32, status: Int32, flags: ResponseFlags, nanoseconds: UInt64) {
        block(of: number)?.pointee.countFirstTry(status: status, flags: flags, nanoseconds: nanoseconds)
    }

    /// Counts an answer to a request that no route took.
    func countLocal(status: Int32, flags: ResponseFlags, nanoseconds: UInt64 = 0) {
        local.countAssigned()
        local.countEnd(status: status, flags: flags, nanoseconds: nanoseconds, isRetried: false)
    }

    /// Counts a TCP connection that no route took.
    func countLocalConnection(flag: ResponseFlag) {
        localConnections.countAssigned()
        localConnections.countEnd(status: 0, flags: ResponseFlags(flag), nanoseconds: 0, isRetried: false)
    }

    /// Counts what a TCP connection carried.
    func countBytes(_ number: UInt32, received: Int = 0, sent: Int = 0) {
        block(of: number)?.pointee.countBytes(received: UInt64(received), sent: UInt64(sent))
    }

    func countRejected() { rejectedHeads.bump() }
    func countDroppedCopy() { droppedCopies.bump() }
    func setConnections(_ count: Int) { connections.store(count, ordering: .relaxed) }
    func setKnown(endpoints: Int, clusters: Int) {
        knownEndpoints.store(endpoints, ordering: .relaxed)
        knownClusters.store(clusters, ordering: .relaxed)
    }
    func setRevision(_ revision: Int64) { self.revision.store(revision, ordering: .relaxed) }

    func addUpstreamConnections(_ difference: Int) {
        upstreamConnections.store(
            upstreamConnections.load(ordering: .relaxed) &+ difference,
            ordering: .relaxed
        )
    }

    private func block(of number: UInt32) -> UnsafeMutablePointer<CounterBlock>? {
        let index = Int(number)
        guard index < Self.pageSize * Self.pageCount else { return nil }
        let page = page(index / Self.pageSize) ?? makePage(index / Self.pageSize)
        return page[index % Self.pageSize].value(CounterBlock.init)
    }

    private func makePage(_ index: Int) -> Page {
        let page = Page.allocate(capacity: Self.pageSize)
        for offset in 0..<Self.pageSize { (page + offset).initialize(to: LazyPlace()) }
        pages[index].store(UInt(bitPattern: page), ordering: .releasing)
        return page
    }

    private func page(_ index: Int) -> Page? {
        Page(bitPattern: pages[index].load(ordering: .acquiring))
    }

    // MARK: - Reading, under the lock of the book

    /// How many events were counted under a number.
    func eventCount(_ number: UInt32) -> UInt64 { place(of: number)?.pointee.value?.pointee.eventCount ?? 0 }

    func evidence(_ number: UInt32) -> RouteEvidence? { place(of: number)?.pointee.value?.pointee.evidence() }

    func localEvidence() -> RouteEvidence { local.evidence() }
    func localConnectionEvidence() -> RouteEvidence { localConnections.evidence() }

    /// What was counted under a number under which nobody counts any more; its memory is freed.
    func take(_ number: UInt32) -> RouteEvidence? {
        guard let place = place(of: number), let block = place.pointee.value else { return nil }
        defer { place.pointee.clear() }
        return block.pointee.evidence()
    }

    private func place(of number: UInt32) -> UnsafeMutablePointer<LazyPlace<CounterBlock>>? {
        let index = Int(number)
        guard index < Self.pageSize * Self.pageCount else { return nil }
        return page(index / Self.pageSize).map { $0 + index % Self.pageSize }
    }
}
