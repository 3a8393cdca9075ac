// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// A worker's connections to endpoints, and what it knows of clusters, their members and names, by their numbers.
struct UpstreamSide: ~Copyable {
    private let identifiers: RoutingIdentifiers
    private let counters: WorkerCounters
    private let tls: UpstreamTLSRegistry
    var connections = Slab<Upstream>(chunkCount: 64)
    var pools = NumberMap<ClusterMember, EndpointPool>(EndpointPool())
    var clusters = NumberMap<UInt64, ClusterState>(ClusterState())
    /// The addresses of the endpoints that are names.
    var names = NumberMap<UInt64, NamedAddresses>(NamedAddresses())
    /// Exchanges that waited for a connection and are served before the turn ends.
    var called = WaitingList()
    /// How many exchanges wait in the lines of all pools.
    var inLine = 0
    /// The clients that endpoints are told of.
    var introductions = Introductions()
    private var resolutions: Resolutions?

    init(
        identifiers: RoutingIdentifiers,
        tls: UpstreamTLSRegistry = UpstreamTLSRegistry(),
        counters: WorkerCounters
    ) {
        self.tls = tls
        self.identifiers = identifiers
        self.counters = counters
    }

    deinit {
        clusters.forEach { $0.pointee.forgetPlan() }
        names.forEach { $0.pointee.forget() }
    }

    // MARK: - Connections

    enum Connection {
        case ready(UpstreamPointer)
        /// Under way: the request is sent when it stands.
        case waiting(UpstreamPointer)
        case failed
        /// There may be no more connections: the exchange is called when one is free.
        case inLine
        /// There may be no more requests.
        case overflow
    }

    /// A connection that rests, without a look at whether it still stands.
    mutating func takeIdle(_ member: ClusterMember) -> UpstreamPointer? {
        let upstream = pools[member].pointee.pop()
        upstream?.pointee.phase = .active
        return upstream
    }

    /// Opens a connection as the destination's policy says. One that is under way is due when the time for that is over.
    mutating func connect(
        to member: ClusterMember,
        of destination: DestinationHandle,
        _ loop: inout EventLoop
    ) -> Connection {
        guard let address = address(of: member), let begun = begin(to: address, of: destination) else {
            callNext(member)
            return .failed
        }
        // Who it is for comes first.
        let isReady = begun.isReady && member.client == 0
        let upstream = adopt(begun.transport, member, isReady ? .active : .connecting)
        guard loop.register(begun.transport, upstream.registration) else {
            begun.transport.close()
            pools[member].pointee.connections &-= 1
            give(upstream)
            callNext(member)
            return .failed
        }
        counters.addUpstreamConnections(1)
        if destination.hasPolicy { apply(destination, to: upstream, loop.now) }
        if isReady { return .ready(upstream) }
        if member.client != 0 { introductions.prepare(upstream, destination.proxyProtocol) }
        loop.set(upstream.registration, in: Int64(max(destination.connectTimeoutMilliseconds, 1)))
        return .waiting(upstream)
    }

    private func begin(to address: SocketAddress, of destination: DestinationHandle) -> (
        transport: Transport, isReady: Bool
    )? {
        guard let settings = unsafe destination.tls else { return Transport.connect(to: address) }
        let context = unsafe settings._withUnsafeGuaranteedRef { tls.context(of: $0) }
        return context.flatMap { Transport.connect(to: address, $0) }
    }

    private func apply(_ destination: DestinationHandle, to upstream: UpstreamPointer, _ now: Int64) {
        let limits = destination.limits
        upstream.pointee.transport.keepAlive(limits.keepAlive)
        if limits.lifetimeMilliseconds > 0 {
            upstream.pointee.expiresAt = now &+ Int64(limits.lifetimeMilliseconds)
        }
        // It outlives the table.
        unsafe upstream.pointee.countedBy = unsafe destination.shared?.retain()
        destination.sharedUse?.add(1, to: .connections)
    }

    /// Makes a connection of a transport that somebody opened.
    mutating func adopt(
        _ transport: Transport,
        _ member: ClusterMember,
        _ phase: Upstream.Phase
    ) -> UpstreamPointer {
        let upstream = connections.take(Upstream(transport, to: member, phase: phase))
        pools[member].pointee.connections &+= 1
        return upstream
    }

    /// Gives the memory of a connection back that nobody can name any more.
    mutating func give(_ upstream: UpstreamPointer) { connections.give(upstream) }

    private mutating func address(of member: ClusterMember) -> SocketAddress? {
        let pool = pools[member]
        if pool.pointee.address == nil, let known = identifiers.endpoint(member.endpoint) {
            pool.pointee.address = SocketAddress(host: known.host, port: known.port)
        }
        return pool.pointee.address
    }

    // MARK: - Whose they are

    mutating func attach(_ upstream: UpstreamPointer, to exchange: ExchangePointer) {
        pools[upstream.pointee.member.forAnybody].pointee.active &+= 1
        upstream.pointee.exchange = exchange
        exchange.pointee.upstream = upstream
    }

    /// Takes an exchange's connection away from it.
    mutating func detach(_ exchange: ExchangePointer) -> UpstreamPointer? {
        guard let upstream = exchange.pointee.upstream else { return nil }
        exchange.pointee.upstream = nil
        upstream.pointee.exchange = nil
        pools[upstream.pointee.member.forAnybody].pointee.active &-= 1
        return upstream
    }

    /// Keeps a connection for later requests, unless its endpoint has left; 0 keeps it for ever.
    mutating func keep(_ upstream: UpstreamPointer, idleTimeout: Int32, _ loop: inout EventLoop) {
        let pool = pools[upstream.pointee.member]
        guard !pool.pointee.hasLeft, upstream.pointee.expiresAt > loop.now else {
            return close(upstream, &loop)
        }
        upstream.pointee.phase = .idle
        upstream.pointee.inbox.release()
        pool.pointee.push(upstream)
        let deadline = idleTimeout > 0 ? loop.now &+ Int64(idleTimeout) : Registration.never
        loop.timers.set(upstream.registration, to: min(deadline, upstream.pointee.expiresAt))
        if !pool.pointee.waiting.isEmpty { callNext(upstream.pointee.member) }
    }

    mutating func close(_ upstream: UpstreamPointer, resets: Bool = false, _ loop: inout EventLoop) {
        guard upstream.pointee.phase != .closed else { return }
        let pool = pools[upstream.pointee.member]
        if upstream.pointee.phase == .idle { pool.pointee.remove(upstream) }
        upstream.pointee.phase = .closed
        if let stream = upstream.pointee.transport.stream {
            loop.close(upstream.pointee.transport, upstream.registration)
            upstream.pointee.inbox.release()
            upstream.pointee.outbox.release()
            return stream.leave(&loop)
        }
        pool.pointee.connections &-= 1
        if !pool.pointee.waiting.isEmpty { callNext(upstream.pointee.member) }
        if let cluster = unsafe upstream.pointee.countedBy {
            unsafe cluster._withUnsafeGuaranteedRef { $0.use.add(-1, to: .connections) }
            unsafe cluster.release()
            unsafe upstream.pointee.countedBy = nil
        }
        upstream.pointee.inbox.release()
        upstream.pointee.outbox.release()
        loop.close(upstream.pointee.transport, upstream.registration, resets: resets)
        counters.addUpstreamConnections(-1)
    }

    /// Sends to an upstream; `false` when it takes no more.
    func send(_ bytes: ByteSlice, to upstream: UpstreamPointer) -> Bool {
        upstream.pointee.transport.send(bytes, keepingIn: &upstream.pointee.outbox)
    }

    /// Sends what waits. Of one that takes no more, what it said before it closed may still be read.
    func flush(_ upstream: UpstreamPointer) -> Flush {
        let flush = upstream.pointee.transport.flush(&upstream.pointee.outbox)
        switch flush {
        case .moved: upstream.pointee.lastUnacknowledged = -1
        case .blocked: break
        case .failed:
            upstream.pointee.outbox.release()
            upstream.pointee.takesBody = false
            upstream.pointee.canRead = true
        }
        return flush
    }

    // MARK: - Names

    /// Takes over the addresses of names, `nil` for none; `false` where they are what they were.
    mutating func adopt(_ resolutions: Resolutions?, _ random: inout RandomSource) -> Bool {
        guard resolutions !== self.resolutions else { return false }
        for name in names.numbers { names[name].pointee.forget() }
        names.keep { _, _ in false }
        for (name, addresses) in resolutions?.addresses ?? [:] {
            names[name].pointee.adopt(addresses, turn: random.next() >> 32)
        }
        self.resolutions = resolutions
        return true
    }

    // MARK: - Forgetting

    /// Closes resting connections to members that have left, and forgets members and clusters that no table has, or that
    /// nothing is known of. `true` when requests are under way at some that have left: they are to be looked at again.
    mutating func sweep(_ loop: inout EventLoop) -> Bool {
        let members = pools.numbers
        let (endpoints, gone) = identifiers.departed(
            endpoints: members.map(\.endpoint),
            clusters: clusters.numbers + members.map(\.cluster)
        )
        clusters.keep { number, state in
            if gone.contains(number) { state.pointee.forgetPlan() }
            return !gone.contains(number)
        }
        for member in members where endpoints.contains(member.endpoint) || gone.contains(member.cluster) {
            pools[member].pointee.hasLeft = true
            closeIdle(member, &loop)
            var next = pools[member].pointee.firstTrunk
            while let trunk = next {
                next = trunk.pointee.nextIdle
                loop.ready.insert(trunk.registration)
            }
        }
        pools.keep { _, pool in !pool.pointee.isUnused }
        counters.setKnown(endpoints: pools.count, clusters: clusters.count)
        for member in members where pools.has(member) && pools[member].pointee.hasLeft { return true }
        return false
    }

    mutating func closeIdle(_ member: ClusterMember, _ loop: inout EventLoop) {
        while let upstream = pools[member].pointee.firstIdle { close(upstream, &loop) }
    }

    mutating func closeIdle(_ loop: inout EventLoop) {
        for member in pools.numbers { closeIdle(member, &loop) }
    }
}
