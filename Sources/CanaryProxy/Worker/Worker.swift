// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryResources
import CanaryRouting
import Glibc
import Synchronization

/// One thread's data plane: an edge-triggered event loop with connections, pools, timers and counters of its own.
///
/// Nothing on a request's usual path allocates, counts references, locks, or calls the system beyond two `recv` and two
/// `send`. The rules that hold it together:
///
/// - A socket is registered once, for everything, edge-triggered. Whoever stops reading leaves `canRead` set; after every
///   event, timer and turn the loop looks whether one of both sides is to be read again (``settle(_:)``).
/// - Sockets are read only from the top of the loop (events, timers, the ready list), never from inside the handling of
///   bytes that were read: `scratch` holds those.
/// - A side whose peer has unsent bytes is not read, so a connection never holds more than one read's worth of bytes.
/// - A closed connection's memory is kept to the end of the batch, since later events of the batch may name it.
struct Worker: ~Copyable {
    static let scratchSize = 65_536
    private static let eventCount: Int32 = 256

    let index: Int
    let shared: ProxyShared
    let limits: ProxyLimits
    let requestParser: RequestParser
    let responseParser: ResponseParser
    let epoll: Int32
    let wakeDescriptor: Int32
    let counters: WorkerCounters

    // MARK: Memory that is used again for every request

    /// What was received last; poisoned for the address sanitizer while nothing that was received is being handled.
    let scratch: UnsafeMutableRawPointer
    var output = ByteBuffer(capacity: 98_304)
    /// Path and authority as they were sent, for the header changes of answers.
    var sentTarget = ByteBuffer(capacity: 1024)
    var hostName = ByteBuffer(capacity: 64)
    var upstreamText = ByteBuffer(capacity: 64)
    var edits = HeaderEditor()
    var relay: BodyRelay
    var requestFields: FieldTable
    var responseFields: FieldTable
    var date = DateText()

    // MARK: State

    var now: Int64
    var nowNanoseconds: UInt64
    /// What has to be added to `now` to get milliseconds since 1970; looked up once a second.
    private var wallOffset: Int64 = 0
    private var wallCheckedAt: Int64
    var timers: TimerWheel
    var random: RandomSource
    var downstreams = Slab<Downstream>(chunkCount: 64)
    var exchanges = Slab<Exchange>(chunkCount: 64)
    var upstreams = Slab<Upstream>(chunkCount: 64)
    var pools = NumberMap(EndpointPool())
    /// Whose turn it is, by cluster, for round robin.
    var turns = NumberMap<UInt64>(0)
    /// The addresses of the endpoints that are names.
    var names = NumberMap(NamedAddresses())
    var resolutions: Resolutions?
    var blocks = BlockPool()
    var accessLog: AccessLog
    var connections = 0
    /// By rising numbers.
    var listeners: [WorkerListener] = []
    /// The newest that was watched.
    var lastListener = -1
    var isAcceptPaused = false
    var acceptResumesAt = Registration.never
    var generation: UnsafeMutablePointer<TableGeneration>?
    var seenVersion = -1
    /// When to let go of what no table has any more.
    var sweepAt = Registration.never
    var isDraining = false
    var drainDeadline = Registration.never
    var openDownstreams = DownstreamList()
    var ready = ReadyList()
    var firstClosed: UnsafeMutablePointer<Registration>?

    init(index: Int, shared: ProxyShared) {
        self.index = index
        self.shared = shared
        limits = shared.configuration.limits
        let headLimits = HeadLimits(
            headBytes: limits.headBytes,
            fields: limits.fields,
            lineBytes: limits.lineBytes
        )
        requestParser = RequestParser(limits: headLimits)
        responseParser = ResponseParser(limits: headLimits)
        requestFields = FieldTable(capacity: limits.fields)
        responseFields = FieldTable(capacity: limits.fields)
        relay = BodyRelay(mostFields: limits.fields)
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeDescriptor = shared.wakeDescriptors[index]
        counters = shared.counters[index]
        scratch = .allocate(byteCount: Self.scratchSize, alignment: 64)
        nowNanoseconds = Clock.monotonicNanoseconds()
        now = Int64(nowNanoseconds / 1_000_000)
        wallCheckedAt = now &- 1000
        timers = TimerWheel(now: now)
        random = RandomSource()
        accessLog = AccessLog(
            format: shared.configuration.accessLog,
            writer: shared.configuration.accessLogWriter
        )
        _ = canary_epoll_add(epoll, wakeDescriptor, CANARY_EPOLLIN, 0)
        hostName.append(text: Self.machineName())
    }

    private static func machineName() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
            name.initialize(repeating: 0)
            guard let base = name.baseAddress, gethostname(base, 255) == 0 else { return "" }
            return String(cString: base)
        }
    }

    deinit {
        canary_unpoison(scratch, Self.scratchSize)
        scratch.deallocate()
        close(epoll)
    }

    // MARK: - The loop

    /// Serves until the proxy drains and the last connection is gone.
    mutating func run() {
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Int(Self.eventCount))
        defer { events.deallocate() }
        adoptChanges()
        while !isFinished {
            let count = epoll_wait(epoll, events, Self.eventCount, waitingTime)
            updateClock()
            if shared.version.load(ordering: .acquiring) != seenVersion { adoptChanges() }
            for index in 0..<Int(max(count, 0)) { handle(events[index]) }
            fireTimers()
            serveReady()
            buryClosed()
            sweepIfDue()
            accessLog.flush()
        }
        shutDown()
    }

    private var isFinished: Bool {
        isDraining && (connections == 0 || now >= drainDeadline)
    }

    /// How long the loop may sleep, in milliseconds; -1 is until something happens.
    private var waitingTime: Int32 {
        if !ready.isEmpty { return 0 }
        var wait = timers.wait(now: now)
        for deadline in [acceptResumesAt, drainDeadline, sweepAt]
        where deadline != Registration.never {
            let left = Int32(clamping: max(0, deadline &- now))
            wait = wait < 0 ? left : min(wait, left)
        }
        return wait
    }

    private mutating func updateClock() {
        nowNanoseconds = Clock.monotonicNanoseconds()
        now = Int64(nowNanoseconds / 1_000_000)
        if now &- wallCheckedAt >= 1000 { readWallClock() }
    }

    private mutating func readWallClock() {
        wallCheckedAt = now
        wallOffset = Int64(Clock.wallNanoseconds() / 1_000_000) &- now
    }

    var wallMilliseconds: Int64 { now &+ wallOffset }

    private mutating func handle(_ event: epoll_event) {
        let token = event.data.u64
        if token == 0 {
            drainWakeDescriptor()
        } else if let listener = Self.listener(of: token) {
            acceptConnections(listener: listener)
        } else if let entry = UnsafeMutablePointer<Registration>(bitPattern: UInt(token)) {
            let client = client(of: entry)
            switch entry.pointee.kind {
            case .downstream: handleClient(entry.downstream, event.events)
            case .upstream: handleUpstream(entry.upstream, event.events)
            }
            settle(client)
        }
    }

    private func drainWakeDescriptor() {
        var count: UInt64 = 0
        _ = read(wakeDescriptor, &count, MemoryLayout<UInt64>.size)
    }

    // MARK: - Connections to go on with

    private mutating func serveReady() {
        var turn = ready
        ready = ReadyList()
        while let entry = turn.popFirst() {
            let client = client(of: entry)
            switch entry.pointee.kind {
            case .downstream: advance(entry.downstream)
            case .upstream: advance(entry.upstream)
            }
            settle(client)
        }
    }

    /// Has the memory of a closed connection given back once nobody can name it any more.
    mutating func bury(_ entry: UnsafeMutablePointer<Registration>) {
        entry.pointee.nextClosed = firstClosed
        firstClosed = entry
    }

    /// Gives the memory of closed connections back, now that no event of the batch can name them.
    mutating func buryClosed() {
        var next = firstClosed
        firstClosed = nil
        while let entry = next {
            next = entry.pointee.nextClosed
            // One that waits in the ready list is named there, and stays for another batch.
            guard !entry.pointee.isReady else {
                bury(entry)
                continue
            }
            switch entry.pointee.kind {
            case .downstream:
                entry.downstream.deinitialize(count: 1)
                downstreams.give(entry.downstream)
            case .upstream:
                entry.upstream.deinitialize(count: 1)
                upstreams.give(entry.upstream)
            }
        }
    }
}

extension UnsafeMutablePointer<Registration> {
    /// The connection that this is the first field of.
    var downstream: DownstreamPointer {
        UnsafeMutableRawPointer(self).assumingMemoryBound(to: Downstream.self)
    }
    var upstream: UpstreamPointer { UnsafeMutableRawPointer(self).assumingMemoryBound(to: Upstream.self) }
}

extension DownstreamPointer {
    var registration: UnsafeMutablePointer<Registration> {
        UnsafeMutableRawPointer(self).assumingMemoryBound(to: Registration.self)
    }
}

extension UpstreamPointer {
    var registration: UnsafeMutablePointer<Registration> {
        UnsafeMutableRawPointer(self).assumingMemoryBound(to: Registration.self)
    }
}
