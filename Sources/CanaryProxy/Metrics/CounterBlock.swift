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
    private let users = LazyPlace<UserTally>()
    private let bytes = LazyPlace<ByteTally>()

    func countAssigned() {
        assigned.bump()
        publish()
    }

    func countEnd(_ answer: CountedAnswer, nanoseconds: UInt64, isRetried: Bool) {
        if answer.flags.reason == .downstreamConnectionTermination {
            abandoned.use(TallyBlock.init) { $0.count(answer, nanoseconds) }
        } else {
            completed.use(TallyBlock.init) { $0.count(answer, nanoseconds) }
            if isRetried { retried.use(TallyBlock.init) { $0.count(answer, nanoseconds) } }
        }
        publish()
    }

    func countFirstTry(_ answer: CountedAnswer, nanoseconds: UInt64) {
        firstTries.use(TallyBlock.init) { $0.count(answer, nanoseconds) }
        publish()
    }

    // What is counted of users is seen with the request's own event, which comes next.

    func countUser() {
        users.use(UserTally.init) { $0.assigned.bump() }
    }

    func countUsersFirst(_ answer: CountedAnswer, nanoseconds: UInt64) {
        users.use(UserTally.init) { $0.firsts.count(answer, nanoseconds) }
    }

    func countUsersTry(fails: Bool) {
        users.use(UserTally.init) {
            $0.tried.bump()
            if fails { $0.failed.bump() }
        }
    }

    /// Counts what a TCP connection carried. It is no event: metrics alone show it.
    func countBytes(received: UInt64, sent: UInt64) {
        bytes.use(ByteTally.init) {
            $0.received.add(received)
            $0.sent.add(sent)
        }
    }

    /// Whoever sees the new count sees what it counts, too.
    private func publish() {
        events.store(events.load(ordering: .relaxed) &+ 1, ordering: .releasing)
    }

    var eventCount: UInt64 { events.load(ordering: .acquiring) }

    func evidence() -> RouteEvidence {
        var evidence = RouteEvidence()
        // Ends before assignments: so no request seems to have ended that was not assigned.
        completed.look { evidence.completed = $0.tally() }
        abandoned.look { evidence.abandoned = $0.tally() }
        retried.look { evidence.retried = $0.tally() }
        firstTries.look { evidence.firstTries = $0.tally() }
        users.look { evidence.users = $0.users() }
        evidence.assigned = assigned.load(ordering: .relaxed)
        bytes.look {
            evidence.bytesReceived = $0.received.load(ordering: .relaxed)
            evidence.bytesSent = $0.sent.load(ordering: .relaxed)
        }
        return evidence
    }
}

/// ``RouteEvidence/Users`` that are being counted.
struct UserTally: ~Copyable {
    let assigned = Atomic<UInt64>(0)
    let tried = Atomic<UInt64>(0)
    let failed = Atomic<UInt64>(0)
    let firsts = TallyBlock()

    func users() -> RouteEvidence.Users {
        var users = RouteEvidence.Users()
        // What follows before what it follows from.
        users.failed = failed.load(ordering: .relaxed)
        users.tried = tried.load(ordering: .relaxed)
        users.firsts = firsts.tally()
        users.assigned = assigned.load(ordering: .relaxed)
        return users
    }
}

/// What TCP connections carried, from the client and to it.
struct ByteTally: ~Copyable {
    let received = Atomic<UInt64>(0)
    let sent = Atomic<UInt64>(0)
}

/// A ``RouteEvidence/Tally`` that is being counted.
struct TallyBlock: ~Copyable {
    private let nanoseconds = Atomic<UInt64>(0)
    private let durations = PagedList<Atomic<UInt64>>(pageCount: 7, bits: 6)
    private let answers = AnswerCounts(gRPCStatuses: 0)
    /// Those to gRPC clients.
    private let gRPCAnswers = LazyPlace<AnswerCounts>()

    func count(_ answer: CountedAnswer, _ duration: UInt64) {
        if answer.grpcStatus < 0 {
            answers.count(answer)
        } else {
            gRPCAnswers.use({ AnswerCounts(gRPCStatuses: GRPCStatus.names.count) }) { $0.count(answer) }
        }
        durations[DurationHistogram.bucket(nanoseconds: duration)].bump()
        nanoseconds.add(duration)
    }

    func tally() -> RouteEvidence.Tally {
        var tally = RouteEvidence.Tally()
        tally.nanoseconds = nanoseconds.load(ordering: .relaxed)
        durations.forEach { bucket, count in
            tally.durations.add(count.load(ordering: .relaxed), bucket: bucket)
        }
        answers.add(to: &tally)
        gRPCAnswers.look { $0.add(to: &tally) }
        return tally
    }
}

/// How often there was each answer: by the number of its flags, then by status, and those of gRPC's each by themselves.
struct AnswerCounts: ~Copyable {
    private typealias Counters = PagedList<Atomic<UInt64>>
    private static let mostStatus = 999
    private static let room = 1024

    private let flags = PagedList<LazyPlace<Counters>>(
        pageCount: 1,
        bits: ResponseFlags.count.trailingZeroBitCount
    )
    private let statuses: Int

    /// With so many of gRPC's, or 0 for answers to others.
    init(gRPCStatuses: Int) { statuses = gRPCStatuses }

    func count(_ answer: CountedAnswer) {
        let status = min(max(Int(answer.status), 0), Self.mostStatus)
        let place = max(Int(answer.grpcStatus), 0) &* Self.room &+ status
        let pages = max(statuses, 1) &* 8
        flags[answer.flags.number].use({ Counters(pageCount: pages, bits: 7) }) { $0[place].bump() }
    }

    func add(to tally: inout RouteEvidence.Tally) {
        flags.forEach { number, counters in
            guard let text = ResponseFlags(number: number)?.text else { return }
            counters.look {
                $0.forEach { place, count in
                    let count = count.load(ordering: .relaxed)
                    guard count > 0 else { return }
                    let gRPC = statuses > 0 ? place / Self.room : nil
                    let answer = RouteEvidence.Answer(
                        status: place % Self.room,
                        flag: text,
                        grpcStatus: gRPC
                    )
                    tally.answers[answer] = count
                }
            }
        }
    }
}
