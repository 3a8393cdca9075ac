// SPDX-License-Identifier: Apache-2.0

import CanaryRouting

/// What counts for a cluster's limits, of an exchange.
struct Claims: OptionSet {
    let rawValue: UInt8

    /// It waits for a connection, or for one that is being opened.
    static let pending = Self(rawValue: 1)
    /// It went out.
    static let request = Self(rawValue: 2)
    static let retry = Self(rawValue: 4)
}

/// What a DestinationRule's `connectionPool` allows: who gets a connection, who waits for one, and who is refused. Touched only
/// where there are limits.
extension UpstreamSide {
    /// How an exchange gets a connection to a member. Who was called keeps what was set aside for it.
    mutating func admit(
        _ exchange: ExchangePointer,
        to member: ClusterMember,
        of destination: DestinationHandle,
        _ limits: ConnectionLimits,
        _ use: ConnectionUse,
        _ time: Int64
    ) -> ConnectionLimits.Admission {
        if exchange.pointee.isConnection { return admitConnection(limits, use) }
        let wasCalled = exchange.pointee.place.state == .called
        let pool = pools[member]
        if wasCalled {
            exchange.pointee.place.state = .none
            pool.pointee.called &-= 1
        }
        var now = use.now
        // Its own place is its own.
        if exchange.pointee.claims.contains(.pending), now.pendingRequests > 0 { now.pendingRequests &-= 1 }
        let isStream = exchange.pointee.usesStream(of: destination)
        var offer = Offer.nothing
        if isStream {
            // Who replaces another connection takes one that there is only where there may be no more.
            let isAlone = exchange.pointee.tries.isReplacing && now.connections < limits.connections
            if !isAlone { offer = offeredStream(to: member, of: destination, time, wasCalled: wasCalled) }
        } else if !exchange.pointee.tries.isReplacing, pool.pointee.idleCount > Int(pool.pointee.called) {
            offer = .connection
        }
        let admission = limits.admit(
            now,
            hasIdle: offer == .connection,
            isConnecting: offer == .connecting,
            endpointConnections: pool.pointee.connections
        )
        switch admission {
        // There may be room for several streams.
        case .useIdle: if wasCalled, isStream { callNext(member) }
        case .connect: claim(.pending, exchange, use)
        case .wait:
            use.countWithoutConnection()
            claim(.pending, exchange, use)
            exchange.pointee.place.state = .waiting
            exchange.pointee.place.member = member
            inLine &+= 1
            if wasCalled {
                pool.pointee.waiting.prepend(exchange)
            } else {
                pool.pointee.waiting.append(exchange)
            }
        case .overflow: use.countRefused()
        }
        // What it was called to, and does not take, is the next one's.
        if wasCalled, admission == .connect || admission == .overflow { callNext(member) }
        return admission
    }

    /// What there is for a request without another connection.
    private enum Offer { case nothing, connection, connecting }

    /// Whether a connection has room for a stream. Those who wait come first.
    private mutating func offeredStream(
        to member: ClusterMember,
        of destination: DestinationHandle,
        _ time: Int64,
        wasCalled: Bool
    ) -> Offer {
        let pool = pools[member]
        guard wasCalled || pool.pointee.called == 0 && pool.pointee.waiting.isEmpty,
            let trunk = trunk(to: member, of: destination, time)
        else { return .nothing }
        return trunk.pointee.phase == .multiplexed ? .connection : .connecting
    }

    /// One whose connection had been closed makes another in its place: where there may be no more, one that rests goes.
    mutating func makeRoom(
        at member: ClusterMember,
        _ limits: ConnectionLimits,
        _ use: ConnectionUse,
        _ loop: inout EventLoop
    ) {
        let pool = pools[member]
        guard use.now.connections >= limits.connections, pool.pointee.idleCount > Int(pool.pointee.called),
            let resting = pool.pointee.firstIdle
        else { return }
        close(resting, &loop)
    }

    /// Those of the exchange's table; for who stood in line, those that the last table has.
    func limits(for exchange: ExchangePointer, _ destination: DestinationHandle) -> ConnectionLimits {
        guard exchange.pointee.place.state == .called else { return destination.limits }
        return unsafe destination.shared?._withUnsafeGuaranteedRef { $0.limits } ?? destination.limits
    }

    /// A TCP connection waits for no other one to end.
    private func admitConnection(_ limits: ConnectionLimits, _ use: ConnectionUse)
        -> ConnectionLimits.Admission
    {
        if use.now.connections < limits.connections { return .connect }
        use.countWithoutConnection()
        return .overflow
    }

    /// Whether a request may go out on a connection that it has; it counts from then on.
    func start(_ exchange: ExchangePointer, _ limits: ConnectionLimits, _ use: ConnectionUse) -> Bool {
        end(.pending, exchange, use)
        guard limits.mayStart(use.now) else {
            use.countRefused()
            return false
        }
        claim(.request, exchange, use)
        return true
    }

    /// Whether a request may be tried again; it counts as a retry until it ends.
    func mayRetry(_ exchange: ExchangePointer, _ limits: ConnectionLimits, _ use: ConnectionUse) -> Bool {
        if exchange.pointee.claims.contains(.retry) { return true }
        guard limits.mayRetry(use.now) else {
            use.countWithoutRetry()
            return false
        }
        claim(.retry, exchange, use)
        return true
    }

    private func claim(_ claim: Claims, _ exchange: ExchangePointer, _ use: ConnectionUse) {
        guard exchange.pointee.claims.insert(claim).inserted else { return }
        use.add(1, to: claim.kind)
    }

    private func end(_ claim: Claims, _ exchange: ExchangePointer, _ use: ConnectionUse) {
        guard exchange.pointee.claims.remove(claim) != nil else { return }
        use.add(-1, to: claim.kind)
    }

    /// A try has ended, or the exchange with `isLast`: it counts no longer, and stands in no line.
    mutating func endClaims(_ exchange: ExchangePointer, isLast: Bool) {
        leaveLine(exchange)
        guard let use = exchange.pointee.destination?.sharedUse else { return }
        end(.pending, exchange, use)
        end(.request, exchange, use)
        if isLast { end(.retry, exchange, use) }
    }

    private mutating func leaveLine(_ exchange: ExchangePointer) {
        let member = exchange.pointee.place.member
        switch exchange.pointee.place.state {
        case .none: return
        case .waiting:
            pools[member].pointee.waiting.remove(exchange)
            inLine &-= 1
        case .called:
            called.remove(exchange)
            pools[member].pointee.called &-= 1
            callNext(member)
        }
        exchange.pointee.place.state = .none
    }

    /// A connection to a member is free, or has room for a stream, or is gone: whoever is first in line gets it before the turn ends.
    mutating func callNext(_ member: ClusterMember) {
        let pool = pools[member]
        guard let exchange = pool.pointee.waiting.popFirst() else { return }
        inLine &-= 1
        pool.pointee.called &+= 1
        exchange.pointee.place.state = .called
        called.append(exchange)
    }

    /// There may be more connections than before: the first of each line looks, and calls the next where it gets one.
    mutating func callAll() {
        guard inLine > 0 else { return }
        for member in pools.numbers { callNext(member) }
    }
}

extension Claims {
    fileprivate var kind: ConnectionUse.Kind {
        switch self {
        case .pending: .pendingRequests
        case .request: .requests
        default: .retries
        }
    }
}

extension DestinationHandle {
    /// What is under way at the cluster, where there are limits.
    @inline(__always)
    var sharedUse: ConnectionUse? { unsafe shared?._withUnsafeGuaranteedRef { $0.use } }
}
