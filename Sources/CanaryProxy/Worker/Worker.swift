// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import CanaryRouting
import Synchronization

/// One thread's data plane: an event loop, and what it owns: connections, exchanges, pools and counters of its own.
///
/// Nothing on a request's usual path allocates, counts references, locks, or calls the system beyond two `recv` and two
/// `send`. The rules that hold it together:
///
/// - Whoever stops reading leaves `canRead` set; after every event, timer and turn the loop looks who of those that take part
///   is to be read again (``settle(_:)``).
/// - Sockets are read only from the top of the loop (events, timers, the ready list), never from inside the handling of
///   bytes that were read: `scratch` holds those.
/// - A side whose peer has unsent bytes is not read, so a connection never holds more than one read's worth of bytes.
struct Worker: ~Copyable {
    let index: Int
    let shared: ProxyShared
    let limits: ProxyLimits
    let headLimits: HeadLimits
    let counters: WorkerCounters

    // MARK: Memory that is used again for every request

    /// What was received last.
    let scratch = Scratch()
    var output = ByteBuffer(capacity: 98_304)
    var relay: BodyRelay
    /// The fields of the request's head that was read last.
    var requestFields: FieldTable
    var hostName = ByteBuffer(capacity: 64)
    var blocks = BlockPool()

    // MARK: Parts

    var loop = EventLoop()
    var acceptor = Acceptor()
    var clients: ClientSide
    var upstreams: UpstreamSide
    var forwarding: RequestWriter
    var answering: AnswerWriter
    let endpoints: EndpointTexts
    var exchanges = Slab<Exchange>(chunkCount: 64)
    /// Those that are copies: no client has them.
    var copies: Set<ExchangePointer> = []
    var tables = TableGenerations()
    var random = RandomSource()
    var accessLog: AccessLog

    // MARK: State

    var seenVersion = -1
    /// When to let go of what no table has any more.
    var sweepAt = Registration.never
    /// It let go of routes itself, which may have been the last to have an endpoint that others know as well.
    var hasLetGo = false
    var isDraining = false
    /// It drains, and lets clients that rest go only when they were answered once more: a request may be on its way.
    var keepsResting = false
    /// When it lets go of them after all, in time to answer what comes until then.
    var restsUntil = Registration.never
    /// As of the present turn.
    var overload = OverloadLevel.none
    /// When who rests is let go next while memory is short.
    var letsGoAt: Int64 = 0
    var drainDeadline = Registration.never

    init(index: Int, shared: ProxyShared) {
        self.index = index
        self.shared = shared
        limits = shared.configuration.limits
        headLimits = HeadLimits(
            headBytes: limits.headBytes,
            fields: limits.fields,
            lineBytes: limits.lineBytes
        )
        counters = shared.counters[index]
        relay = BodyRelay(mostFields: limits.fields)
        requestFields = FieldTable(capacity: limits.fields)
        clients = ClientSide(limits: limits, counters: counters)
        upstreams = UpstreamSide(identifiers: shared.identifiers, tls: shared.upstreamTLS, counters: counters)
        forwarding = RequestWriter(mostFields: limits.fields, traces: shared.configuration.traces)
        endpoints = EndpointTexts(shared.identifiers)
        answering = AnswerWriter(mostFields: limits.fields, endpoints: endpoints)
        accessLog = AccessLog(
            format: shared.configuration.accessLog,
            writer: shared.configuration.accessLogWriter
        )
        loop.watch(shared.wakes[index].descriptor, token: 0)
        hostName.append(text: Self.machineName())
    }

    private static func machineName() -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
            unsafe name.initialize(repeating: 0)
            guard let base = name.baseAddress, unsafe gethostname(base, 255) == 0 else { return "" }
            return unsafe String(cString: base)
        }
    }

    // MARK: - The loop

    /// Serves until the proxy drains and the last connection is gone.
    mutating func run() {
        adoptChanges()
        while !isFinished { turn() }
        shutDown()
    }

    private var isFinished: Bool {
        isDraining && (clients.count == 0 || loop.now >= drainDeadline)
    }

    /// Waits once, and does what there is to be done.
    mutating func turn() {
        let count = loop.wait(until: min(acceptor.resumesAt, min(drainDeadline, restsUntil, sweepAt)))
        if shared.version.load(ordering: .acquiring) != seenVersion { adoptChanges() }
        adoptOverload()
        for index in 0..<count {
            let event = loop[event: index]
            handle(event.token, event.bits)
        }
        fireTimers()
        serveReady()
        serveCalled()
        buryClosed()
        sweepIfDue()
        if loop.now >= restsUntil { drain(keepsResting: false) }
        accessLog.flush()
    }

    private mutating func handle(_ token: UInt64, _ events: UInt32) {
        if token == 0 {
            drainWakeDescriptor()
        } else if let listener = Acceptor.listener(of: token) {
            acceptConnections(listener: listener)
        } else {
            // Anything else is what a connection was registered with, and none of those is buried before the batch ends.
            let entry = unsafe SlabPointer<Registration>(token: token)
            let parties = Parties(of: entry)
            switch entry.pointee.kind {
            case .downstream: handleClient(entry.downstream, events)
            case .upstream: handleUpstream(entry.upstream, events)
            case .exchange: break
            }
            settle(parties)
        }
    }

    private mutating func drainWakeDescriptor() {
        shared.wakes[index].clear()
        answerCensus()
        sweepSoon()
    }

    /// Goes on with the connections that have something to be done.
    private mutating func serveReady() {
        var turn = loop.ready
        loop.ready = ReadyList()
        while let entry = turn.popFirst() {
            let parties = Parties(of: entry)
            switch entry.pointee.kind {
            case .downstream: advance(entry.downstream)
            case .upstream: advance(entry.upstream)
            case .exchange: break
            }
            settle(parties)
        }
    }

    /// Gives the memory of closed connections back, now that no event of the batch can name them.
    mutating func buryClosed() {
        var closed = loop.takeClosed()
        while let entry = closed.popFirst() {
            switch entry.pointee.kind {
            case .downstream:
                if entry.downstream.pointee.introduction != 0 { dismiss(entry.downstream) }
                clients.give(entry.downstream)
            case .upstream: upstreams.give(entry.upstream)
            case .exchange: break
            }
        }
    }
}

extension SlabPointer<Registration> {
    // The registration of each kind is the first field of that kind alone.
    var downstream: DownstreamPointer { unsafe owner(Downstream.self) }
    var upstream: UpstreamPointer { unsafe owner(Upstream.self) }
    var exchange: ExchangePointer { unsafe owner(Exchange.self) }
}
