// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc

/// What a worker waits with: its epoll, its clock, the deadlines, and the connections to be gone on with.
///
/// A socket is registered once, for everything, edge-triggered. A closed connection's memory is kept to the end of the batch,
/// since later events of the batch may name it. `@safe`: the memory for events is the loop's own.
@safe struct EventLoop: ~Copyable {
    private static let eventCount: Int32 = 256

    private let epoll: Int32
    private let events: UnsafeMutablePointer<epoll_event>
    /// Milliseconds and nanoseconds of a clock that only moves forward, as of the last time that the loop woke up.
    private(set) var now: Int64
    private(set) var nowNanoseconds: UInt64
    /// What has to be added to `now` to get milliseconds since 1970; looked up once a second.
    private var wallOffset: Int64 = 0
    private var wallCheckedAt: Int64
    var timers: TimerWheel
    var ready = ReadyList()
    private var closed = ClosedList()

    init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        unsafe events = .allocate(capacity: Int(Self.eventCount))
        nowNanoseconds = Clock.monotonicNanoseconds()
        now = Int64(nowNanoseconds / 1_000_000)
        wallCheckedAt = now &- 1000
        timers = TimerWheel(now: now)
    }

    deinit {
        unsafe events.deallocate()
        Glibc.close(epoll)
    }

    // MARK: - Waiting

    /// Sleeps until something happens, a timer is due, or `deadline` comes; how many events there are.
    mutating func wait(until deadline: Int64) -> Int {
        let count = unsafe canary_epoll_wait(epoll, events, Self.eventCount, waitingTime(deadline))
        updateClock()
        return Int(max(count, 0))
    }

    /// What happened, one of as many as ``wait(until:)`` said: the token of what it happened to, and the kernel's bits.
    subscript(event index: Int) -> (token: UInt64, bits: UInt32) {
        assert(index >= 0 && index < Int(Self.eventCount))
        return unsafe (events[index].data.u64, events[index].events)
    }

    /// In milliseconds; -1 is until something happens.
    private func waitingTime(_ deadline: Int64) -> Int32 {
        guard ready.isEmpty else { return 0 }
        let wait = timers.wait(now: now)
        guard deadline != Registration.never else { return wait }
        let left = Int32(clamping: max(0, deadline &- now))
        return wait < 0 ? left : min(wait, left)
    }

    private mutating func updateClock() {
        nowNanoseconds = Clock.monotonicNanoseconds()
        now = Int64(nowNanoseconds / 1_000_000)
        if now &- wallCheckedAt >= 1000 { readWallClock() }
    }

    private mutating func readWallClock() {
        wallCheckedAt = now
        wallOffset = Clock.wallMilliseconds() &- now
    }

    var wallMilliseconds: Int64 { now &+ wallOffset }

    // MARK: - What is watched

    /// Registers a connection for everything, once; `false` when the system has no room for it.
    func register(_ transport: Transport, _ entry: SlabPointer<Registration>) -> Bool {
        let events = CANARY_EPOLLIN | CANARY_EPOLLOUT | CANARY_EPOLLRDHUP | CANARY_EPOLLET
        return canary_epoll_add(epoll, transport.descriptor, events, entry.token) == 0
    }

    /// Has events of a descriptor come with `token`, as long as there is something to read.
    func watch(_ descriptor: Int32, token: UInt64) {
        _ = canary_epoll_add(epoll, descriptor, CANARY_EPOLLIN, token)
    }

    func unwatch(_ descriptor: Int32) { _ = canary_epoll_remove(epoll, descriptor) }

    // MARK: - Deadlines

    /// Makes an entry due so many milliseconds from now, instead of whatever it was due at before.
    mutating func set(_ entry: SlabPointer<Registration>, in milliseconds: Int64) {
        timers.set(entry, to: now &+ milliseconds)
    }

    // MARK: - Closed connections

    /// Closes a connection, and has its memory given back once nobody can name it any more. Events would go on as long as a
    /// child of this process has the socket, say between its fork and its exec: closing alone does not end them.
    mutating func close(
        _ transport: Transport,
        _ entry: SlabPointer<Registration>,
        resets: Bool = false
    ) {
        if transport.stream == nil { unwatch(transport.descriptor) }
        transport.close(resets: resets)
        timers.cancel(entry)
        closed.insert(entry)
    }

    /// The connections that were closed in this batch. One that waits in the ready list is named there, and stays for another.
    mutating func takeClosed() -> ClosedList {
        var all = closed
        closed = ClosedList()
        var gone = ClosedList()
        while let entry = all.popFirst() {
            if entry.pointee.isReady { closed.insert(entry) } else { gone.insert(entry) }
        }
        return gone
    }
}
