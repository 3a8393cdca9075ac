// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Connections to endpoints that carry many streams, *trunks*: each stream is an upstream of its own.
extension Worker {
    /// The head of an answer is complete.
    mutating func takeHead(
        of stream: HTTP2StreamPointer,
        _ upstream: UpstreamPointer,
        _ session: HTTP2SessionPointer
    ) {
        guard let exchange = upstream.pointee.exchange, !exchange.pointee.hasAnswerBegun else { return }
        let parties = Parties(of: upstream.registration)
        let intake = session.pointee.intake
        var head = ResponseHead()
        do throws(Rejection) {
            try intake.pointee.head.finish(
                isWhole: stream.pointee.hasEnded,
                exchange.pointee.request.head.method,
                into: &head,
                &answering.fields
            )
        } catch {
            failAnswer(exchange)
            return settle(parties)
        }
        if stream.pointee.hasEnded {
            upstream.pointee.codec.endInput(trailers: stream.pointee.trailers.bytes)
        }
        let bytes = intake.pointee.head.bytes
        if head.status < 200 {
            forwardInterim(head, bytes, exchange)
        } else {
            takeFinalHead(head, bytes, exchange, upstream)
        }
        settle(parties)
    }

    /// Does what follows from what happened to an endpoint's stream.
    mutating func goOn(_ upstream: UpstreamPointer, _ stream: HTTP2StreamPointer) {
        let parties = Parties(of: upstream.registration)
        if stream.pointee.hasEnded {
            upstream.pointee.codec.endInput(trailers: stream.pointee.trailers.bytes)
            upstream.pointee.canRead = true
        }
        if stream.pointee.hasSent {
            stream.pointee.hasSent = false
            if let exchange = upstream.pointee.exchange { renewStall(exchange) }
        }
        if stream.pointee.isClosed, !stream.pointee.hasEnded {
            // Only what was refused is as good as not sent: a reset says nothing of a connection that had been closed all along.
            upstream.pointee.served = stream.pointee.wasRefused ? 1 : 0
            streamBroke(upstream, wasSent: !stream.pointee.wasRefused, isAlone: true)
        }
        guard upstream.pointee.phase != .closed else { return settle(parties) }
        advance(upstream)
        settle(parties)
    }

    /// A stream ended before its time; `isAlone` where its connection stands, which may be asked again.
    private mutating func streamBroke(_ upstream: UpstreamPointer, wasSent: Bool, isAlone: Bool) {
        guard let exchange = upstream.pointee.exchange else { return closeUpstream(upstream) }
        if exchange.pointee.hasAnswerBegun { return upstreamEnded(upstream, isReset: true) }
        guard failTry(exchange, .reset(wasSent: wasSent)) else { return }
        if isAlone { exchange.pointee.tries.isReplacing = false }
        attemptAgain(exchange)
    }

    /// Uses what came of a stream's body.
    mutating func receiveStream(_ upstream: UpstreamPointer, _ stream: HTTP2StreamPointer) {
        upstream.pointee.canRead = false
        guard let exchange = upstream.pointee.exchange, exchange.pointee.hasAnswerBegun else { return }
        forwardAnswer(upstream.pointee.inbox.bytes, exchange, upstream, joined: false)
        guard upstream.pointee.phase != .closed else { return }
        wake(stream)
    }

    /// Has what there is of a request's body sent, with the trailers behind the last of it.
    mutating func endBody(_ piece: BodyRelay.Piece, _ client: DownstreamPointer, _ stream: HTTP2StreamPointer)
    {
        if piece.isLast { stream.pointee.ownTrailers.append(client.pointee.codec.trailers(relay)) }
        wake(stream)
    }

    // MARK: - The connection

    /// The connection stands, or failed to: so it is for all that wait for it.
    mutating func trunkConnected(_ trunk: UpstreamPointer, _ session: HTTP2SessionPointer) {
        guard let isEstablished = establish(trunk) else { return }
        loop.timers.cancel(trunk.registration)
        guard isEstablished else { return failTrunk(trunk) }
        trunk.pointee.phase = .multiplexed
        session.forEachStream { stream in
            guard case .endpoint(let upstream) = stream.pointee.party, upstream.pointee.phase == .connecting
            else { return }
            let parties = Parties(of: upstream.registration)
            upstreamConnected(upstream)
            settle(parties)
        }
        writeFrames(session)
    }

    /// The connection did not come about in time, or at all.
    mutating func failTrunk(_ trunk: UpstreamPointer) {
        guard let session = trunk.pointee.session else { return }
        upstreams.leavePool(trunk)
        session.forEachStream { stream in
            guard case .endpoint(let upstream) = stream.pointee.party,
                let exchange = upstream.pointee.exchange
            else { return }
            let parties = Parties(of: upstream.registration)
            if failTry(exchange, .connect) { attemptAgain(exchange) }
            settle(parties)
        }
        closeTrunk(trunk)
    }

    /// Ends a connection, and what is under way on it.
    mutating func closeTrunk(_ trunk: UpstreamPointer) {
        guard trunk.pointee.phase != .closed, let session = trunk.pointee.session else { return }
        upstreams.pools[trunk.pointee.member].pointee.remove(trunk: trunk)
        trunk.pointee.session = nil
        session.forEachStream { stream in
            guard case .endpoint(let upstream) = stream.pointee.party else { return }
            let parties = Parties(of: upstream.registration)
            if stream.pointee.hasEnded, let exchange = upstream.pointee.exchange,
                exchange.pointee.hasAnswerBegun
            {
                // All of the answer has come.
                upstream.pointee.codec.endInput(trailers: stream.pointee.trailers.bytes)
                forwardAnswer(upstream.pointee.inbox.bytes, exchange, upstream, joined: false)
            } else {
                streamBroke(upstream, wasSent: stream.pointee.number > 0, isAlone: false)
            }
            if upstream.pointee.phase != .closed { closeUpstream(upstream) }
            settle(parties)
        }
        // Nobody names the session but its connection, which has it no more.
        unsafe session.free()
        closeUpstream(trunk)
    }

    /// Ends all connections that carry streams.
    mutating func closeTrunks() {
        for member in upstreams.pools.numbers { closeTrunks(member) }
    }

    /// Ends those to a member of a cluster.
    mutating func closeTrunks(_ member: ClusterMember) {
        while true {
            let pool = upstreams.pools[member]
            guard let trunk = pool.pointee.firstTrunk ?? pool.pointee.firstSpentTrunk else { return }
            closeTrunk(trunk)
        }
    }

    /// Nothing is under way on a connection: it is kept for what comes, as long as its policy says.
    mutating func restTrunk(_ trunk: UpstreamPointer) {
        guard trunk.pointee.phase == .multiplexed else { return }
        if upstreams.mayRest(trunk, loop.now), !isDraining {
            let timeout = trunk.pointee.idleTimeout
            let deadline = timeout > 0 ? loop.now &+ Int64(timeout) : Registration.never
            loop.timers.set(trunk.registration, to: min(deadline, trunk.pointee.expiresAt))
        } else {
            closeTrunk(trunk)
        }
    }
}
