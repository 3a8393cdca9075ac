// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Connections of HTTP/2, to clients and to endpoints: frames are read and written, and what they say is done.
extension Worker {
    /// How many bytes of frames are written at once.
    private static let batch = 65_536

    /// Reads frames, and does what each of them asks for; `false` where nothing can be read any more.
    mutating func useFrames(_ bytes: ByteSlice, _ session: HTTP2SessionPointer) -> Bool {
        var used = 0
        while used < bytes.count {
            let count = session.pointee.receive(bytes.from(used))
            guard count > 0 else { return false }
            used &+= count
            takeNews(session)
        }
        return true
    }

    private mutating func takeNews(_ session: HTTP2SessionPointer) {
        let intake = session.pointee.intake
        if let stream = intake.pointee.begun {
            intake.pointee.begun = nil
            switch stream.pointee.party {
            case .none: begin(stream, session)
            case .client: break
            case .endpoint(let upstream): takeHead(of: stream, upstream, session)
            }
            intake.pointee.head.reset()
        }
        while let stream = intake.pointee.takeNews() { goOn(stream, session) }
        if intake.pointee.hasNewSettings {
            intake.pointee.hasNewSettings = false
            callNext(to: session)
        }
    }

    /// Does what follows from what happened to a stream.
    private mutating func goOn(_ stream: HTTP2StreamPointer, _ session: HTTP2SessionPointer) {
        // What follows is known once it is closed.
        if stream.pointee.isUnsendable { session.pointee.reset(stream) }
        switch stream.pointee.party {
        case .none: break
        case .client(let client): goOn(client, stream)
        case .endpoint(let upstream): goOn(upstream, stream)
        }
        // What came of an endpoint's answer may wait for its client longer than the stream lasts.
        guard stream.pointee.isClosed, stream.pointee.party.isNone else { return }
        session.pointee.giveUp(stream)
        callNext(to: session)
    }

    /// An endpoint's connection may have room for one who waits for that.
    private mutating func callNext(to session: HTTP2SessionPointer) {
        let carrier = session.pointee.carrier
        if upstreams.inLine > 0, carrier.pointee.kind == .upstream {
            upstreams.callNext(carrier.upstream.pointee.member)
        }
    }

    // MARK: - Writing

    /// Writes what streams have to say, as much as the connection takes.
    mutating func writeFrames(_ session: HTTP2SessionPointer) {
        let carrier = session.pointee.carrier
        while carrier.takesFrames {
            session.pointee.endIfHeard()
            output.truncate()
            session.pointee.write(to: &output, limit: Self.batch)
            let isSilent = output.isEmpty
            guard isSilent || send(output.slice, over: carrier) else { return }
            takeNews(session)
            if isSilent { break }
        }
        if carrier.takesFrames, session.pointee.isOver { return end(session, over: carrier) }
        awaitFrames(session, carrier)
    }

    private mutating func send(_ bytes: ByteSlice, over carrier: SlabPointer<Registration>) -> Bool {
        guard carrier.pointee.kind == .upstream else { return send(bytes, to: carrier.downstream) }
        guard upstreams.send(bytes, to: carrier.upstream) else {
            closeTrunk(carrier.upstream)
            return false
        }
        return true
    }

    private mutating func end(_ session: HTTP2SessionPointer, over carrier: SlabPointer<Registration>) {
        guard carrier.pointee.kind == .downstream else { return closeTrunk(carrier.upstream) }
        endStreams(carrier.downstream, session)
        clients.closeAfterSending(carrier.downstream, &loop)
    }

    /// How long the connection may be without anything: with streams under way, their exchanges know.
    private mutating func awaitFrames(_ session: HTTP2SessionPointer, _ carrier: SlabPointer<Registration>) {
        let isIdle = session.pointee.intake.pointee.streams.count == 0
        guard carrier.pointee.kind == .downstream else {
            guard carrier.upstream.pointee.phase == .multiplexed else { return }
            return isIdle ? restTrunk(carrier.upstream) : loop.timers.cancel(carrier)
        }
        // A head has its time from its first frame on, whatever comes besides.
        let intake = session.pointee.intake
        if intake.pointee.isInBlock { return clients.awaitHead(carrier.downstream, &loop) }
        carrier.downstream.pointee.hasReceivedHeadBytes = false
        if isIdle || !carrier.takesFrames {
            clients.renewTimer(carrier.downstream, &loop)
        } else {
            loop.timers.cancel(carrier)
        }
        let endsAt = carrier.downstream.pointee.endsAt
        if endsAt < carrier.pointee.deadline { loop.timers.set(carrier, to: endsAt) }
    }

    /// Has a stream's frames written before long, and lets its peer send as much more as was used.
    mutating func wake(_ stream: HTTP2StreamPointer) {
        let session = stream.pointee.session
        session.pointee.acknowledge(
            stream,
            stream.pointee.unacknowledged &- stream.pointee.party.incomingCount
        )
        session.pointee.wake(stream)
        loop.ready.insert(session.pointee.carrier)
    }
}

extension SlabPointer<Registration> {
    /// That of a connection.
    var transport: Transport {
        pointee.kind == .upstream ? upstream.pointee.transport : downstream.pointee.transport
    }

    /// Whether a connection that carries streams stands, and has nothing left to send.
    fileprivate var takesFrames: Bool {
        switch pointee.kind {
        case .downstream: downstream.pointee.phase == .multiplexed && downstream.pointee.outbox.isEmpty
        case .upstream: upstream.pointee.phase == .multiplexed && upstream.pointee.outbox.isEmpty
        case .exchange: false
        }
    }
}
