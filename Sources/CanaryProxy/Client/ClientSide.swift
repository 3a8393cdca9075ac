// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// A worker's connections to clients: how they are sent to, kept, and let go.
///
/// A client that is at a request is the exchange's, too: who closes it ends the exchange first.
struct ClientSide: ~Copyable {
    let limits: ProxyLimits
    private let counters: WorkerCounters
    var connections = Slab<Downstream>(chunkCount: 64)
    private(set) var open = DownstreamList()
    private(set) var count = 0

    init(limits: ProxyLimits, counters: WorkerCounters) {
        self.limits = limits
        self.counters = counters
    }

    // MARK: - Beginning

    /// Takes a connection over that was accepted; `nil` where the system has no room for it.
    mutating func adopt(
        _ transport: Transport,
        listener: Int,
        from peer: PeerAddress,
        _ loop: inout EventLoop
    ) -> DownstreamPointer? {
        let client = connections.take(Downstream(transport, listener: listener, peer: peer))
        guard loop.register(transport, client.registration) else {
            transport.close()
            give(client)
            return nil
        }
        client.pointee.openedAt = loop.now
        count &+= 1
        counters.setConnections(count)
        open.insert(client)
        loop.set(client.registration, in: limits.headTimeout)
        return client
    }

    /// Gives the memory of a connection back that nobody can name any more.
    mutating func give(_ client: DownstreamPointer) { connections.give(client) }

    // MARK: - Sending

    /// Sends to a client, with `body` behind the bytes, or keeps what there is no room for; `false` when the connection is
    /// beyond use.
    func send(
        _ bytes: ByteSlice,
        _ body: ByteSlice = ByteSlice(),
        to client: DownstreamPointer
    ) -> Bool {
        client.pointee.transport.send(bytes, body, keepingIn: &client.pointee.outbox)
    }

    /// Sends what waits.
    func flush(_ client: DownstreamPointer) -> Flush {
        let flush = client.pointee.transport.flush(&client.pointee.outbox)
        if flush == .moved { client.pointee.lastUnacknowledged = -1 }
        return flush
    }

    /// Tells a client that nothing more is sent, but reads it.
    func endSending(_ client: DownstreamPointer) {
        if client.pointee.transport.stream != nil { client.pointee.closesWhenSent = true }
        client.pointee.transport.endSending()
    }

    // MARK: - Between requests

    /// The client's turn is over: it may send the next request.
    mutating func rest(_ client: DownstreamPointer, _ loop: inout EventLoop) {
        client.pointee.phase = .head
        client.pointee.hasReceivedHeadBytes = false
        renewTimer(client, &loop)
    }

    /// Sets a client's timer while no request is under way: what was sent may wait for it, or it may rest.
    func renewTimer(_ client: DownstreamPointer, _ loop: inout EventLoop) {
        loop.set(
            client.registration,
            in: client.pointee.outbox.isEmpty ? limits.idleTimeout : limits.stallTimeout
        )
    }

    /// Part of a head came: from the first one on, its time runs.
    func awaitHead(_ client: DownstreamPointer, _ loop: inout EventLoop) {
        guard !client.pointee.hasReceivedHeadBytes else { return }
        client.pointee.hasReceivedHeadBytes = true
        loop.set(client.registration, in: limits.headTimeout)
    }

    // MARK: - Ending

    /// Closes once everything is sent. `abruptly` spares waiting for the client's own end: it said that it sends no more.
    mutating func closeAfterSending(
        _ client: DownstreamPointer,
        abruptly: Bool = false,
        _ loop: inout EventLoop
    ) {
        guard client.pointee.phase != .closed else { return }
        if client.pointee.transport.stream != nil { return endStream(client, &loop) }
        if abruptly, client.pointee.outbox.isEmpty, !client.pointee.canRead { return close(client, &loop) }
        client.pointee.phase = .lingering
        client.pointee.closesWhenSent = true
        client.pointee.inbox.release()
        afterSending(client, &loop)
    }

    /// Goes on where something was sent while no request is under way.
    mutating func afterSending(_ client: DownstreamPointer, _ loop: inout EventLoop) {
        if client.pointee.closesWhenSent, client.pointee.outbox.isEmpty {
            concludeSending(client, &loop)
        } else {
            renewTimer(client, &loop)
        }
    }

    /// Ends our side, and waits a little for the client to end its own: closing with unread bytes would make the kernel reset
    /// the connection, and the client might never see the answer.
    private mutating func concludeSending(_ client: DownstreamPointer, _ loop: inout EventLoop) {
        client.pointee.closesWhenSent = false
        if client.pointee.hasEnded { return close(client, &loop) }
        client.pointee.transport.endSending()
        client.pointee.lingersUntil = loop.now &+ limits.lingerLimit
        renewLinger(client, &loop)
    }

    /// The client still sends what nobody will use, say the rest of an upload that was answered.
    func renewLinger(_ client: DownstreamPointer, _ loop: inout EventLoop) {
        guard !client.pointee.closesWhenSent else { return }
        let deadline = min(loop.now &+ limits.lingerTimeout, client.pointee.lingersUntil)
        loop.timers.set(client.registration, to: deadline)
    }

    /// Closes at once a client that is at no request.
    mutating func close(_ client: DownstreamPointer, resets: Bool = false, _ loop: inout EventLoop) {
        guard client.pointee.phase != .closed else { return }
        client.pointee.phase = .closed
        client.pointee.inbox.release()
        client.pointee.outbox.release()
        loop.close(client.pointee.transport, client.registration, resets: resets)
        if let stream = client.pointee.transport.stream { return stream.leave(&loop) }
        count &-= 1
        counters.setConnections(count)
        open.remove(client)
    }
}
