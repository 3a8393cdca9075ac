// SPDX-License-Identifier: Apache-2.0

import CanaryRouting

/// What an exchange waits for at most until when: milliseconds of the loop's clock, or `Registration.never`.
struct Deadlines {
    var route = Registration.never
    var oneTry = Registration.never
    /// How long a TCP connection may live.
    var lifetime = Registration.never
    var stall = Registration.never
    /// When it is tried next, whatever it waits for until then.
    var resume = Registration.never
    /// Until when it waits for the first address of a name.
    var address = Registration.never
    /// The client ended its side: when to take it for gone unless something was sent to it since.
    var departure = Registration.never
    /// What had been sent when that time began.
    var sentBeforeDeparture: UInt64 = 0

    var next: Int64 { min(min(route, oneTry), min(min(stall, lifetime), min(resume, departure))) }

    /// What is due.
    enum Due { case route, lifetime, departure, stall, oneTry, resume, nothing }

    func due(_ now: Int64) -> Due {
        if route <= now { return .route }
        if lifetime <= now { return .lifetime }
        if departure <= now { return .departure }
        if stall <= now { return .stall }
        if oneTry <= now { return .oneTry }
        return resume <= now ? .resume : .nothing
    }
}

extension Exchange {
    /// The request was received in full: from here on the route's timeout runs.
    mutating func requestIsComplete(_ now: Int64, _ limits: ProxyLimits) {
        body.isComplete = true
        deadlines.stall = now &+ patience(limits)
        if downstream?.pointee.isEnding == true { awaitDeparture(now, limits) }
        guard let route else { return }
        if route.timeoutMilliseconds > 0 { deadlines.route = now &+ Int64(route.timeoutMilliseconds) }
        if stage >= .sent { startTry(now) }
    }

    /// The time of one try begins: the request is complete, and is on its way on a connection.
    mutating func startTry(_ now: Int64) {
        guard !isCopy, let perTry = route?.retry.perTryTimeoutMilliseconds, perTry > 0 else { return }
        deadlines.oneTry = now &+ Int64(perTry)
    }

    /// Has it be tried again after so many milliseconds.
    mutating func wait(_ milliseconds: Int64, _ now: Int64) {
        stage = .waiting
        deadlines.oneTry = Registration.never
        deadlines.resume = now &+ milliseconds
    }

    /// Holds it back for so many milliseconds, whatever the other times say: they begin behind that.
    mutating func hold(_ milliseconds: Int64, _ now: Int64, _ limits: ProxyLimits) {
        stage = .delayed
        outcome.isDelayed = true
        deadlines.stall = Registration.never
        deadlines.resume = now &+ milliseconds
        if downstream?.pointee.isEnding == true { awaitDeparture(now, limits) }
    }

    /// It was held back long enough.
    mutating func letGo(_ now: Int64, _ limits: ProxyLimits) {
        stage = .waiting
        deadlines.stall = now &+ limits.stallTimeout
        // The rest of a body is about to be read, and with it the end.
        if !body.isComplete { deadlines.departure = Registration.never }
    }

    /// It is a copy, and complete: it is tried before long, and given up when its request would have been at the latest.
    mutating func beginCopy(_ now: Int64, _ limits: ProxyLimits) {
        body.isComplete = true
        let timeout = Int64(route?.timeoutMilliseconds ?? 0)
        deadlines.route = now &+ (timeout > 0 ? timeout : limits.copyTimeout)
        deadlines.stall = now &+ patience(limits)
        deadlines.resume = now
    }

    /// Has it wait for the first address of a name, looking every `pause` milliseconds, no longer than it would for a
    /// connection; `false` when that time is over.
    mutating func awaitAddress(_ pause: Int64, _ now: Int64) -> Bool {
        if deadlines.address == Registration.never {
            let timeout = destination?.connectTimeoutMilliseconds ?? 10_000
            deadlines.address = now &+ Int64(max(timeout, 1))
        }
        guard now < deadlines.address else { return false }
        deadlines.resume = now &+ pause
        return true
    }

    /// How long it may stand still where it is now.
    // Inlined, since a call on a value that cannot be copied has all of it moved to the stack first.
    @inline(__always)
    func patience(_ limits: ProxyLimits) -> Int64 {
        if stage == .switched {
            // An end is a word in many protocols, and the answer to it may take as long as any other.
            if isConnection { return destination?.silence(limits) ?? limits.tcpTimeout }
            let isHalf = downstream?.pointee.hasEnded == true || upstream?.pointee.hasEnded == true
            return isHalf ? limits.stallTimeout : limits.tunnelTimeout
        }
        return body.isComplete && !hasAnswerBegun ? limits.responseTimeout : limits.stallTimeout
    }

    // MARK: - Clients that end their side

    /// A client that sends no more has left, or has ended its side only and still reads: TCP tells the one from the other
    /// only when something is sent, for then a connection that is gone is reset. A client that said that this was its last
    /// request had reason to end its side; one that did not is given a moment.
    mutating func awaitDeparture(_ now: Int64, _ limits: ProxyLimits) {
        guard let downstream, deadlines.departure == Registration.never else { return }
        // Else the end is seen by reading up to it; of a request that is held back nothing is read.
        guard body.isComplete || stage == .delayed else { return }
        let saidLast = downstream.pointee.codec.saidLast
        deadlines.departure = now &+ (saidLast ? limits.halfCloseTimeout : limits.departureTimeout)
        deadlines.sentBeforeDeparture = sentMark
    }

    /// Whether a client that sends no more gave no sign of being there: nothing was sent that it did not reset, and nothing
    /// waits for it. Not asked again, once it has given one.
    mutating func hasDeparted() -> Bool {
        deadlines.departure = Registration.never
        guard let downstream else { return false }
        return sentMark == deadlines.sentBeforeDeparture && downstream.pointee.outbox.isEmpty
            && downstream.pointee.transport.unacknowledged == 0
    }

    private var sentMark: UInt64 { outcome.bytesSent &+ (hasAnswerBegun ? 1 : 0) }

    // MARK: - Slow readers

    /// Whether one of both sides takes what was sent to it, though the kernel has had room for no more since.
    mutating func hasPeerTakenMore() -> Bool {
        let hasClient = downstream?.hasTakenMore() ?? false
        guard let upstream else { return hasClient }
        return upstream.pointee.transport.hasPeerTakenMore(since: &upstream.pointee.lastUnacknowledged)
            || hasClient
    }
}

extension DestinationHandle {
    /// How long its TCP connections may be silent.
    fileprivate func silence(_ limits: ProxyLimits) -> Int64 {
        guard let given = tcpIdleTimeoutMilliseconds else { return limits.tcpTimeout }
        return given > 0 ? Int64(given) : Registration.never / 2
    }
}

extension DownstreamPointer {
    /// Whether the client takes what was sent to it.
    func hasTakenMore() -> Bool { pointee.transport.hasPeerTakenMore(since: &pointee.lastUnacknowledged) }
}

extension Transport {
    /// Whether the peer takes what was sent to it, over a connection of its own or a stream of one.
    fileprivate func hasPeerTakenMore(since last: inout Int32) -> Bool {
        stream?.hasTakenMore(since: &last) ?? hasTakenMore(since: &last)
    }
}
