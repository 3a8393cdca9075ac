// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Synchronization

/// What one worker counts under one number: ``RouteEvidence`` as atomics with one writer. Every status and flag has a number of
/// its own; nothing is merged, and what never happens takes no memory.
struct CounterBlock: ~Copyable {
    private let assigned = Atomic<UInt64>(0)
    /// Counts every event, so that readers see cheaply whether anything is new.
    private let events = Atomic<UInt64>(0)
    private let completed = LazyPlace<TallyBlock>()
    private let abandoned = LazyPlace<TallyBlock>()
    private let retried = LazyPlace<TallyBlock>()
    private let firstTries = LazyPlace<TallyBlock>()
    private let bytes = LazyPlace<ByteTally>()

    deinit {
        completed.clear()
        abandoned.clear()
        retried.clear()
        firstTries.clear()
        bytes.clear()
    }

    func countAssigned() {
        assigned.bump()
        publish()
    }

    func countEnd(status: Int32, flags: ResponseFlags, nanoseconds: UInt64, isRetried: Bool) {
        if flags.reason == .downstreamConnectionTermination {
            abandoned.value(TallyBlock.init).pointee.count(status, flags, nanoseconds)
        } else {
            completed.value(TallyBlock.init).pointee.count(status, flags, nanoseconds)
            if isRetried { retried.value(TallyBlock.init).pointee.count(status, flags, nanoseconds) }
        }
        publish()
    }

    func countFirstTry(status: Int32, flags: ResponseFlags, nanoseconds: UInt64) {
        firstTries.value(TallyBlock.init).pointee.count(status, flags, nanoseconds)
        publish()
    }

    /// Counts what a TCP connection carried. It is no event: metrics alone show it.
    func countBytes(received: UInt64, sent: UInt64) {
        let tally = bytes.value(ByteTally.init)
        tally.pointee.received.add(received)
        tally.pointee.sent.add(sent)
    }

    /// Whoever sees the new count sees what it counts, too.
    private func publish() {
        events.store(events.load(ordering: .relaxed) &+ 1, ordering: .releasing)
    }

    var eventCount: UInt64 { events.load(ordering: .acquiring) }

    func evidence() -> RouteEvidence {
        var evidence = RouteEvidence()
        // Ends before assignments: so no request seems to have ended that was not assigned.
        if let tally = completed.value { evidence.completed = tally.pointee.tally() }
        if let tally = abandoned.value { evidence.abandoned = tally.pointee.tally() }
        if let tally = retried.value { evidence.retried = tally.pointee.tally() }
        if let tally = firstTries.value { evidence.firstTries = tally.pointee.tally() }
        evidence.assigned = assigned.load(ordering: .relaxed)
        if let tally = bytes.value {
            evidence.bytesReceived = tally.pointee.received.load(ordering: .relaxed)
            evidence.bytesSent = tally.pointee.sent.load(ordering: .relaxed)
        }
        return evidence
    }
}

/// What TCP connections carried, from the client and to it.
struct ByteTally: ~Copyable {
    let received = Atomic<UInt64>(0)
    let sent = Atomic<UInt64>(0)
}

/// A ``RouteEvidence/Tally`` that is being counted.
struct TallyBlock: ~Copyable {
    private static let statusCount = 1000

    private let nanoseconds = Atomic<UInt64>(0)
    private let durations = PagedCounters(pageCount: 7, pageSize: 64)
    /// By the number of flags, then by status.
    private let answers: UnsafeMutablePointer<LazyPlace<PagedCounters>>

    init() {
        answers = .allocate(capacity: ResponseFlags.count)
        for flags in 0..<ResponseFlags.count { (answers + flags).initialize(to: LazyPlace()) }
    }

    deinit {
        for flags in 0..<ResponseFlags.count { answers[flags].clear() }
        answers.deinitialize(count: ResponseFlags.count)
        answers.deallocate()
    }

    func count(_ status: Int32, _ flags: ResponseFlags, _ duration: UInt64) {
        let statuses = answers[flags.number].value {
            PagedCounters(pageCount: 10, pageSize: 100)
        }
        statuses.pointee.bump(min(max(Int(status), 0), Self.statusCount - 1))
        durations.bump(DurationHistogram.bucket(nanoseconds: duration))
        nanoseconds.add(duration)
    }

    func tally() -> RouteEvidence.Tally {
        var tally = RouteEvidence.Tally()
        tally.nanoseconds = nanoseconds.load(ordering: .relaxed)
        durations.forEach { tally.durations.add($1, bucket: $0) }
        for number in 0..<ResponseFlags.count {
            guard let statuses = answers[number].value, let flags = ResponseFlags(number: number) else {
                continue
            }
            let text = flags.text
            statuses.pointee.forEach { status, count in
                tally.answers[RouteEvidence.Answer(status: status, flag: text)] = count
            }
        }
        return tally
    }
}
