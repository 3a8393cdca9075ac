// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Clients' connections that carry many streams: each stream becomes a client of its own, and all that happens to it goes the usual
/// ways.
extension Worker {
    /// Takes up HTTP/2 where `bytes`, which are no request, begin as a client that knows it would (RFC 9113, 3.4); how many bytes were
    /// used, or `nil` where that is not so.
    mutating func beginSession(_ client: DownstreamPointer, _ bytes: ByteSlice) -> Int? {
        let preface = HTTP2Session.preface
        let count = min(bytes.count, preface.count)
        guard !client.pointee.hasBegun, client.pointee.transport.stream == nil,
            bytes.slice(0, count).equals(preface.slice(0, count))
        else { return nil }
        guard count == preface.count else {
            clients.awaitHead(client, &loop)
            return 0
        }
        guard let session = HTTP2Session.make(client.registration, headLimits) else {
            closeClient(client)
            return bytes.count
        }
        client.pointee.session = session
        client.pointee.phase = .multiplexed
        if isLeaving(client) { session.pointee.announceEnd() }
        return useFrames(bytes, from: client)
    }

    mutating func useFrames(_ bytes: ByteSlice, from connection: DownstreamPointer) -> Int {
        if let session = connection.pointee.session, !useFrames(bytes, session) { closeClient(connection) }
        return bytes.count
    }

    /// Begins the request of a stream.
    mutating func begin(_ stream: HTTP2StreamPointer, _ session: HTTP2SessionPointer) {
        let client = clients.adopt(stream, of: session.pointee.carrier.downstream)
        if overload >= .endingConnections { session.pointee.announceEnd() }
        let intake = session.pointee.intake
        do throws(Rejection) {
            var head = RequestHead()
            try intake.pointee.head.finish(
                isWhole: stream.pointee.hasEnded,
                &random,
                into: &head,
                &requestFields
            )
            _ = begin(client, head, intake.pointee.head.bytes, ByteSlice())
        } catch {
            counters.countRejected()
            refuse(client, status: Int32(error.status), reason: error.reason)
        }
        settle(Parties(client))
    }

    /// Does what follows from what happened to a client's stream.
    mutating func goOn(_ client: DownstreamPointer, _ stream: HTTP2StreamPointer) {
        guard !stream.pointee.isClosed else { return closeClient(client) }
        if stream.pointee.hasEnded, !client.pointee.codec.hasEndedInput {
            client.pointee.codec.endInput(trailers: stream.pointee.trailers.bytes)
            _ = clients.letAnswerGo(client, &loop)
        }
        if stream.pointee.hasSent {
            stream.pointee.hasSent = false
            if let exchange = client.pointee.exchange {
                renewStall(exchange)
            } else {
                clients.renewTimer(client, &loop)
            }
        }
        if client.pointee.phase == .lingering { client.pointee.inbox.release() }
        advance(client)
        if client.pointee.phase == .tunnel, stream.pointee.hasEnded, client.pointee.inbox.isEmpty {
            endTunnelOnce(client)
        }
        settle(Parties(client))
        // A request of which the rest is still to come has its answer: the client is told to keep that (RFC 9113, 8.1).
        if stream.pointee.hasSentEnd, !stream.pointee.hasEnded {
            let session = stream.pointee.session
            session.pointee.reset(stream)
        }
    }

    private mutating func endTunnelOnce(_ client: DownstreamPointer) {
        guard !client.pointee.hasEnded else { return }
        client.pointee.hasEnded = true
        clientTunnelEnded(client)
    }

    // MARK: - Ends

    /// The client took nothing of what it was sent, or asked for nothing.
    mutating func sessionIsDue(_ connection: DownstreamPointer) {
        if connection.pointee.endsAt <= loop.now, let session = connection.pointee.session {
            return retireAged(connection, session)
        }
        guard connection.pointee.outbox.isEmpty else {
            guard connection.hasTakenMore() else { return closeClient(connection, resets: true) }
            return clients.renewTimer(connection, &loop)
        }
        guard let session = connection.pointee.session else { return }
        session.pointee.end()
        writeFrames(session)
    }

    /// Gives the streams of a connection up that is about to close.
    mutating func endStreams(_ connection: DownstreamPointer, _ session: HTTP2SessionPointer) {
        connection.pointee.session = nil
        session.forEachStream { stream in
            if let client = stream.pointee.party.client { closeClient(client) }
        }
        // Nobody names the session but its connection, which has it no more.
        unsafe session.free()
    }

    /// Ends what is under way when the time for draining is over, so that the client can tell.
    mutating func cutOffStreams(_ session: HTTP2SessionPointer) {
        session.forEachStream { stream in
            if let client = stream.pointee.party.client { cutOff(client) }
        }
        session.pointee.end()
        writeFrames(session)
    }
}
