// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Connections to endpoints that carry many streams: a request takes a stream of one that has room, or opens another.
extension UpstreamSide {
    /// How many streams a connection carries where its endpoint allows more.
    private static let mostStreams = 1024

    /// A stream for a request, of a connection that there is, or with `isAlone` of one of its own at first.
    mutating func stream(
        to member: ClusterMember,
        of destination: DestinationHandle,
        isAlone: Bool,
        _ limits: HeadLimits,
        _ loop: inout EventLoop
    ) -> Connection {
        let most = destination.maxRequestsPerConnection
        let known = isAlone ? nil : trunk(to: member, of: destination, loop.now)
        guard let trunk = known ?? openTrunk(to: member, of: destination, limits, &loop),
            let session = trunk.pointee.session
        else { return .failed }
        return begin(on: trunk, session, member, atMost: most)
    }

    /// A connection that has room for another stream. Where an endpoint allows none for now, requests wait for it there: it would
    /// allow none on other connections either.
    mutating func trunk(to member: ClusterMember, of destination: DestinationHandle, _ now: Int64)
        -> UpstreamPointer?
    {
        let streams = min(Self.mostStreams, Int(destination.limits.streams))
        var closed: UpstreamPointer?
        var next = pools[member].pointee.firstTrunk
        while let trunk = next {
            next = trunk.pointee.nextIdle
            guard let session = trunk.pointee.session, trunk.pointee.expiresAt > now else { continue }
            if session.pointee.hasRoom(atMost: streams) { return trunk }
            if session.pointee.allowsNone { closed = trunk }
        }
        return closed
    }

    private mutating func begin(
        on trunk: UpstreamPointer,
        _ session: HTTP2SessionPointer,
        _ member: ClusterMember,
        atMost most: Int32
    ) -> Connection {
        let intake = session.pointee.intake
        guard let stream = intake.pointee.open() else { return .failed }
        let isReady = trunk.pointee.phase == .multiplexed
        let phase: Upstream.Phase = isReady ? .active : .connecting
        let upstream = connections.take(
            Upstream(.stream(stream), to: member, ClientCodec(.http2), phase: phase)
        )
        upstream.pointee.canRead = false
        // As with a connection of HTTP/1 that others used before, its endpoint may have closed it meanwhile.
        upstream.pointee.served = trunk.pointee.served
        trunk.pointee.served &+= 1
        if trunk.pointee.served == most { leavePool(trunk) }
        stream.pointee.party = .endpoint(upstream)
        return isReady ? .ready(upstream) : .waiting(upstream)
    }

    private mutating func openTrunk(
        to member: ClusterMember,
        of destination: DestinationHandle,
        _ limits: HeadLimits,
        _ loop: inout EventLoop
    ) -> UpstreamPointer? {
        let trunk: UpstreamPointer
        switch connect(to: member, of: destination, &loop) {
        case .ready(let upstream):
            trunk = upstream
            trunk.pointee.phase = .multiplexed
        case .waiting(let upstream): trunk = upstream
        case .failed, .inLine, .overflow: return nil
        }
        guard let session = HTTP2Session.make(trunk.registration, limits) else {
            close(trunk, &loop)
            return nil
        }
        trunk.pointee.session = session
        trunk.pointee.idleTimeout = destination.idleTimeoutMilliseconds
        pools[member].pointee.push(trunk: trunk)
        return trunk
    }

    /// No request takes a stream of it any more.
    mutating func leavePool(_ trunk: UpstreamPointer) {
        pools[trunk.pointee.member].pointee.spend(trunk: trunk)
    }

    /// Whether a connection on which nothing is under way may be of use.
    mutating func mayRest(_ trunk: UpstreamPointer, _ now: Int64) -> Bool {
        !pools[trunk.pointee.member].pointee.hasLeft && trunk.pointee.expiresAt > now
            && trunk.pointee.takesStreams && trunk.pointee.session?.pointee.isLeaving == false
    }
}
