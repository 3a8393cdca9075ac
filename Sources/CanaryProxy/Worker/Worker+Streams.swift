// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Connections that carry many streams: each stream becomes a client of its own, and all that happens to it goes the usual ways.
extension Worker {
    /// How many bytes of frames are written at once.
    private static let batch = 65_536

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
        guard let session = HTTP2Session(client, headLimits) else {
            closeClient(client)
            return bytes.count
        }
        client.pointee.session = SlabPointer(alone: session)
        client.pointee.phase = .multiplexed
        if isLeaving(client) { client.pointee.session?.pointee.announceEnd() }
        return useFrames(bytes, from: client)
    }

    /// Reads frames, and does what each of them asks for.
    mutating func useFrames(_ bytes: ByteSlice, from connection: DownstreamPointer) -> Int {
        var used = 0
        while used < bytes.count, let session = connection.pointee.session {
            let count = session.pointee.receive(bytes.from(used))
            guard count > 0 else {
                closeClient(connection)
                break
            }
            used &+= count
            takeNews(session)
        }
        return bytes.count
    }

    private mutating func takeNews(_ session: HTTP2SessionPointer) {
        let intake = session.pointee.intake
        if let stream = intake.pointee.begun {
            intake.pointee.begun = nil
            begin(stream, intake)
        }
        while let stream = intake.pointee.takeNews() { goOn(stream, intake) }
    }

    /// Begins the request of a stream.
    private mutating func begin(_ stream: HTTP2StreamPointer, _ intake: SlabPointer<HTTP2Intake>) {
        let client = clients.adopt(stream)
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
        intake.pointee.head.reset()
        settle(Parties(client))
    }

    /// Does what follows from what happened to a stream.
    private mutating func goOn(_ stream: HTTP2StreamPointer, _ intake: SlabPointer<HTTP2Intake>) {
        if let client = stream.pointee.client { goOn(client, stream, intake) }
        let session = stream.pointee.connection.pointee.session
        guard stream.pointee.isClosed else {
            // A request of which the rest is still to come has its answer: the client is told to keep that (RFC 9113, 8.1).
            if stream.pointee.answer == .ended, !stream.pointee.hasEnded { session?.pointee.reset(stream) }
            return
        }
        if let client = stream.pointee.client { closeClient(client) }
        session?.pointee.giveUp(stream)
    }

    private mutating func goOn(
        _ client: DownstreamPointer,
        _ stream: HTTP2StreamPointer,
        _ intake: SlabPointer<HTTP2Intake>
    ) {
        if stream.pointee.hasEnded, !client.pointee.codec.hasEndedInput {
            client.pointee.codec.endInput(trailers: stream.pointee.requestTrailers.bytes)
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
        guard !stream.pointee.isClosed else { return }
        advance(client)
        if client.pointee.phase == .tunnel, stream.pointee.hasEnded, client.pointee.inbox.isEmpty {
            endTunnelOnce(client)
        }
        settle(Parties(client))
    }

    private mutating func endTunnelOnce(_ client: DownstreamPointer) {
        guard !client.pointee.hasEnded else { return }
        client.pointee.hasEnded = true
        clientTunnelEnded(client)
    }

    // MARK: - Writing

    /// Writes what streams have to say, as much as the connection takes.
    mutating func writeFrames(_ connection: DownstreamPointer) {
        while connection.pointee.outbox.isEmpty, let session = connection.pointee.session {
            session.pointee.endIfHeard()
            output.truncate()
            session.pointee.write(to: &output, limit: Self.batch)
            guard !output.isEmpty else { break }
            guard send(output.slice, to: connection) else { return }
            takeNews(session)
        }
        guard let session = connection.pointee.session else { return }
        if connection.pointee.outbox.isEmpty, session.pointee.isOver {
            endStreams(connection, session)
            return clients.closeAfterSending(connection, &loop)
        }
        awaitFrames(connection, session)
    }

    // MARK: - Ends

    /// How long the connection may be without anything: with streams under way, their exchanges know.
    private mutating func awaitFrames(_ connection: DownstreamPointer, _ session: HTTP2SessionPointer) {
        let isIdle = session.pointee.intake.pointee.streams.count == 0
        if isIdle || !connection.pointee.outbox.isEmpty {
            clients.renewTimer(connection, &loop)
        } else {
            loop.timers.cancel(connection.registration)
        }
    }

    /// The client took nothing of what it was sent, or asked for nothing.
    mutating func sessionIsDue(_ connection: DownstreamPointer) {
        guard connection.pointee.outbox.isEmpty else {
            guard connection.hasTakenMore() else { return closeClient(connection, resets: true) }
            return clients.renewTimer(connection, &loop)
        }
        connection.pointee.session?.pointee.end()
        writeFrames(connection)
    }

    /// Gives the streams of a connection up that is about to close.
    mutating func endStreams(_ connection: DownstreamPointer, _ session: HTTP2SessionPointer) {
        connection.pointee.session = nil
        var next = session.pointee.intake.pointee.streams.first
        while let stream = next {
            next = session.pointee.intake.pointee.streams.next(after: stream)
            if let client = stream.pointee.client { closeClient(client) }
        }
        // Nobody names the session but its connection, which has it no more.
        unsafe session.free()
    }

    /// Ends what is under way when the time for draining is over, so that the client can tell.
    mutating func cutOffStreams(_ session: HTTP2SessionPointer) {
        var next = session.pointee.intake.pointee.streams.first
        while let stream = next {
            next = session.pointee.intake.pointee.streams.next(after: stream)
            if let client = stream.pointee.client { cutOff(client) }
        }
        session.pointee.end()
        writeFrames(session.pointee.intake.pointee.connection)
    }
}
