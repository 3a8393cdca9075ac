// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Synchronization

/// What one worker counts. The worker writes, anybody may read: every number is an atomic with one writer, so counting is a
/// plain load, add and store, and allocates only what is counted for the first time.
///
/// `@unchecked Sendable`: all that changes is atomic. The block of a number is made by the worker and freed by
/// ``CounterBook``, once no table that the worker could use names the number any more.
final class WorkerCounters: @unchecked Sendable {
    /// Room for four million numbers, allocated as they come into use.
    private let blocks = PagedList<LazyPlace<CounterBlock>>(pageCount: 2048, bits: 11)
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
    let handshakes = Atomic<UInt64>(0)
    /// Of those, the ones that went on with an earlier session.
    let resumedHandshakes = Atomic<UInt64>(0)
    let failedHandshakes = Atomic<UInt64>(0)
    /// Connections without a PROXY header where one had to be, by ``ProxyHeader/Objection``.
    private let refusedProxyHeaders = PagedList<Atomic<UInt64>>(pageCount: 1, bits: 4)
    let revision = Atomic<Int64>(-1)

    // MARK: - Counting, by the worker alone

    /// Counts a request as assigned under a ``RouteCounter``'s number.
    func countAssigned(_ number: UInt32) {
        use(number) { $0.countAssigned() }
    }

    /// Counts how an assigned request ended; `isRetried` when it took more than one try.
    func countEnd(
        _ number: UInt32,
        _ answer: CountedAnswer,
        nanoseconds: UInt64,
        isRetried: Bool
    ) {
        use(number) {
            $0.countEnd(answer, nanoseconds: nanoseconds, isRetried: isRetried)
        }
    }

    /// Counts how the first try of a request ended that is tried again.
    func countFirstTry(_ number: UInt32, _ answer: CountedAnswer, nanoseconds: UInt64) {
        use(number) { $0.countFirstTry(answer, nanoseconds: nanoseconds) }
    }

    /// Counts the first request of a user of sticky traffic as assigned.
    func countUser(_ number: UInt32) {
        use(number) { $0.countUser() }
    }

    /// Counts how the first request of a user ended.
    func countUsersFirst(_ number: UInt32, _ answer: CountedAnswer, nanoseconds: UInt64) {
        use(number) { $0.countUsersFirst(answer, nanoseconds: nanoseconds) }
    }

    /// Counts a request of a user none of whose requests had failed.
    func countUsersTry(_ number: UInt32, fails: Bool) {
        use(number) { $0.countUsersTry(fails: fails) }
    }

    /// Counts an answer to a request that no route took.
    func countLocal(_ answer: CountedAnswer, nanoseconds: UInt64 = 0) {
        local.countAssigned()
        local.countEnd(answer, nanoseconds: nanoseconds, isRetried: false)
    }

    /// Counts a TCP connection that no route took.
    func countLocalConnection(flag: ResponseFlag) {
        localConnections.countAssigned()
        let answer = CountedAnswer(status: 0, flags: ResponseFlags(flag))
        localConnections.countEnd(answer, nanoseconds: 0, isRetried: false)
    }

    /// Counts what a TCP connection carried.
    func countBytes(_ number: UInt32, received: Int = 0, sent: Int = 0) {
        use(number) { $0.countBytes(received: UInt64(received), sent: UInt64(sent)) }
    }

    func countRejected() { rejectedHeads.bump() }
    func countFailedHandshake() { failedHandshakes.bump() }
    func countHandshake(isResumed: Bool) {
        handshakes.bump()
        if isResumed { resumedHandshakes.bump() }
    }
    func countRefusedProxyHeader(_ objection: ProxyHeader.Objection) {
        refusedProxyHeaders[objection.rawValue].bump()
    }
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

    @inline(__always)
    private func use(_ number: UInt32, _ body: (borrowing CounterBlock) -> Void) {
        guard Int(number) < blocks.count else { return }
        blocks[Int(number)].use(CounterBlock.init, body)
    }

    // MARK: - Reading, under the lock of the book

    /// How many events were counted under a number.
    func eventCount(_ number: UInt32) -> UInt64 { look(number) { $0.eventCount } ?? 0 }

    func evidence(_ number: UInt32) -> RouteEvidence? { look(number) { $0.evidence() } }

    func localEvidence() -> RouteEvidence { local.evidence() }
    func localConnectionEvidence() -> RouteEvidence { localConnections.evidence() }

    /// What was counted under a number under which nobody counts any more; its memory is freed.
    func take(_ number: UInt32) -> RouteEvidence? {
        blocks.look(Int(number)) { place in
            defer { place.clear() }
            return place.look { $0.evidence() }
        }
    }

    func refusedProxyHeaders(_ objection: ProxyHeader.Objection) -> UInt64 {
        refusedProxyHeaders.look(objection.rawValue) { $0.load(ordering: .relaxed) } ?? 0
    }

    private func look<Seen>(_ number: UInt32, _ look: (borrowing CounterBlock) -> Seen) -> Seen? {
        blocks.look(Int(number)) { $0.look(look) }
    }
}
