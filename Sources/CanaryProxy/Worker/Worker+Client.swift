// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The client's side: reading, sending and closing.
extension Worker {
    mutating func handleClient(_ client: DownstreamPointer, _ events: UInt32) {
        guard client.pointee.phase != .closed else { return }
        let hasHungUp = events & CANARY_EPOLLHUP != 0
        // Reset: nothing more can be said or heard. Where both sides ended, there may still be bytes to read.
        let isReset = events & CANARY_EPOLLERR != 0
        let hasEndedSide = client.pointee.phase == .tunnel || client.pointee.phase == .lingering
        if isReset || hasHungUp && !hasEndedSide { return closeClient(client) }
        if hasHungUp || events & CANARY_EPOLLRDHUP != 0 { clientIsEnding(client) }
        if hasHungUp || events & (CANARY_EPOLLIN | CANARY_EPOLLRDHUP) != 0 { client.pointee.canRead = true }
        if events & CANARY_EPOLLOUT != 0, !client.pointee.outbox.isEmpty, !flush(client) { return }
        advance(client)
    }

    // MARK: - Reading

    mutating func useInbox(_ client: DownstreamPointer) {
        let used = use(client.pointee.inbox.bytes, from: client)
        // A connection that is about to close has given its inbox up already.
        client.pointee.inbox.consume(min(used, client.pointee.inbox.count))
    }

    mutating func receive(_ client: DownstreamPointer) {
        canary_unpoison(scratch, Self.scratchSize)
        defer { canary_poison(scratch, Self.scratchSize) }
        let isEmpty = client.pointee.inbox.isEmpty
        let memory = isEmpty ? scratch : client.pointee.inbox.reserve(Self.scratchSize)
        switch Socket.receive(client.pointee.descriptor, memory, Self.scratchSize) {
        case .moved(let count):
            if count < Self.scratchSize, !client.pointee.isEnding { client.pointee.canRead = false }
            if isEmpty {
                let bytes = UnsafeRawBufferPointer(start: memory, count: count)
                let used = use(bytes, from: client)
                guard client.pointee.phase != .closed, used < count else { return }
                client.pointee.inbox.append(UnsafeRawBufferPointer(rebasing: bytes[used...]))
            } else {
                client.pointee.inbox.commit(count)
                useInbox(client)
            }
        case .wouldBlock: client.pointee.canRead = false
        case .ended: clientEnded(client)
        case .failed: closeClient(client)
        }
    }

    /// The client announced that it sends no more. While it waits for an answer, nothing else tells one that left from one
    /// that ended its side only.
    private mutating func clientIsEnding(_ client: DownstreamPointer) {
        client.pointee.isEnding = true
        if let exchange = client.pointee.exchange, client.pointee.phase == .exchange {
            awaitDeparture(exchange)
        }
    }

    /// The client's end was read.
    private mutating func clientEnded(_ client: DownstreamPointer) {
        client.pointee.canRead = false
        client.pointee.hasEnded = true
        switch client.pointee.phase {
        case .tunnel: clientTunnelEnded(client)
        // The rest of the upload never comes, but the answer is on its way already.
        case .exchange where client.pointee.exchange?.pointee.hasResponseBegun == true: break
        case .lingering where !client.pointee.outbox.isEmpty: break
        case .head, .exchange, .lingering, .closed: closeClient(client)
        }
    }

    /// Uses received bytes, as many requests as they hold; how many bytes were used.
    private mutating func use(_ bytes: UnsafeRawBufferPointer, from client: DownstreamPointer) -> Int {
        var used = 0
        while used < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
            let taken: Int
            switch client.pointee.phase {
            case .head: taken = useHead(rest, from: client)
            case .exchange: taken = forwardBody(rest, from: client)
            case .tunnel: taken = tunnelToUpstream(rest, from: client)
            case .lingering:
                renewLinger(client)
                return bytes.count
            case .closed: return bytes.count
            }
            if taken == 0 { break }
            used &+= taken
        }
        client.pointee.needsMore = used < bytes.count && wantsInput(client)
        return used
    }

    private mutating func useHead(_ bytes: UnsafeRawBufferPointer, from client: DownstreamPointer) -> Int {
        guard client.pointee.outbox.isEmpty else { return 0 }
        var head = RequestHead()
        let outcome = requestParser.parse(
            bytes,
            after: &client.pointee.headProgress,
            into: &head,
            fields: &requestFields
        )
        switch outcome {
        case .incomplete:
            if !client.pointee.hasReceivedHeadBytes {
                client.pointee.hasReceivedHeadBytes = true
                timers.set(client.registration, to: now &+ limits.headTimeout)
            }
            return 0
        case .rejected(let rejection):
            counters.countRejected()
            refuse(client, status: rejection.status, reason: rejection.reason)
            return bytes.count
        case .complete(let length):
            return length &+ begin(client, head, bytes)
        }
    }

    // MARK: - Sending

    /// Sends to a client; `false` when the connection is gone.
    mutating func send(_ bytes: UnsafeRawBufferPointer, to client: DownstreamPointer, more: Bool = false)
        -> Bool
    {
        guard client.pointee.outbox.isEmpty else {
            client.pointee.outbox.append(bytes)
            return true
        }
        switch Socket.send(client.pointee.descriptor, bytes, more: more) {
        case .moved(let count):
            if count < bytes.count {
                client.pointee.outbox.append(UnsafeRawBufferPointer(rebasing: bytes[count...]))
            }
            return true
        case .wouldBlock:
            client.pointee.outbox.append(bytes)
            return true
        case .ended, .failed:
            closeClient(client)
            return false
        }
    }

    /// Sends what waits; `false` when the connection is gone.
    private mutating func flush(_ client: DownstreamPointer) -> Bool {
        switch Socket.send(client.pointee.descriptor, client.pointee.outbox.bytes) {
        case .moved(let count):
            client.pointee.outbox.consume(count)
            client.pointee.lastUnacknowledged = -1
        case .wouldBlock: return true
        case .ended, .failed:
            closeClient(client)
            return false
        }
        if client.pointee.closesWhenSent, client.pointee.outbox.isEmpty {
            concludeSending(client)
        } else {
            renewTimer(client)
        }
        return client.pointee.phase != .closed
    }

    // MARK: - Closing

    /// Closes once everything is sent. `abruptly` spares waiting for the client's own end: it said that it sends no more.
    mutating func closeAfterSending(_ client: DownstreamPointer, abruptly: Bool = false) {
        guard client.pointee.phase != .closed else { return }
        if abruptly, client.pointee.outbox.isEmpty, !client.pointee.canRead { return closeClient(client) }
        client.pointee.phase = .lingering
        client.pointee.closesWhenSent = true
        client.pointee.inbox.release()
        if client.pointee.outbox.isEmpty { concludeSending(client) } else { renewTimer(client) }
    }

    /// Ends our side, and waits a little for the client to end its own: closing with unread bytes would make the kernel reset
    /// the connection, and the client might never see the answer.
    private mutating func concludeSending(_ client: DownstreamPointer) {
        client.pointee.closesWhenSent = false
        if client.pointee.hasEnded { return closeClient(client) }
        shutdown(client.pointee.descriptor, Int32(SHUT_WR))
        client.pointee.lingersUntil = now &+ limits.lingerLimit
        renewLinger(client)
    }

    /// The client still sends what nobody will use, say the rest of an upload that was answered.
    private mutating func renewLinger(_ client: DownstreamPointer) {
        guard !client.pointee.closesWhenSent else { return }
        timers.set(
            client.registration,
            to: min(now &+ limits.lingerTimeout, client.pointee.lingersUntil)
        )
    }

    /// Closes in the midst of an answer, so that the client can tell.
    mutating func breakOff(_ exchange: ExchangePointer) {
        let client = exchange.pointee.downstream
        let isUnread = !client.pointee.outbox.isEmpty
        closeClient(client, resets: isUnread || exchange.pointee.endsByClosing)
    }

    /// Closes at once, and gives up whatever request is under way.
    mutating func closeClient(_ client: DownstreamPointer, resets: Bool = false) {
        guard client.pointee.phase != .closed else { return }
        if let exchange = client.pointee.exchange { abandon(exchange) }
        client.pointee.phase = .closed
        client.pointee.inbox.release()
        client.pointee.outbox.release()
        timers.cancel(client.registration)
        if resets { Socket.resetsWhenClosed(client.pointee.descriptor) }
        close(client.pointee.descriptor)
        connections &-= 1
        counters.setConnections(connections)
        openDownstreams.remove(client)
        bury(client.registration)
    }
}
