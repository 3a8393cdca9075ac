// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The client's side: reading, sending and closing.
extension Worker {
    private static let readsInARow = 16
    private static let lingerTime: Int64 = 1000

    mutating func handleClient(_ client: DownstreamPointer, _ events: UInt32) {
        guard client.pointee.phase != .closed else { return }
        if events & (CANARY_EPOLLERR | CANARY_EPOLLHUP) != 0 {
            if client.pointee.phase == .exchange || client.pointee.phase == .lingering {
                return closeClient(client)
            }
            client.pointee.isEnding = true
        }
        if events & CANARY_EPOLLRDHUP != 0 { client.pointee.isEnding = true }
        if events & (CANARY_EPOLLIN | CANARY_EPOLLRDHUP | CANARY_EPOLLHUP | CANARY_EPOLLERR) != 0 {
            client.pointee.canRead = true
        }
        if events & CANARY_EPOLLOUT != 0, !client.pointee.outbox.isEmpty, !flush(client) { return }
        advance(client)
    }

    /// Goes on with a client whose turn was put off.
    mutating func resume(_ client: DownstreamPointer) {
        guard client.pointee.phase != .closed else { return }
        advance(client)
    }

    // MARK: - Reading

    /// Uses what was received, then receives more, until something has to be waited for.
    mutating func advance(_ client: DownstreamPointer) {
        if !client.pointee.inbox.isEmpty, wantsInput(client) { useInbox(client) }
        var reads = 0
        while client.pointee.canRead, wantsInput(client) {
            guard reads < Self.readsInARow else { return makeReady(client) }
            reads &+= 1
            receive(client)
        }
    }

    private func wantsInput(_ client: DownstreamPointer) -> Bool {
        switch client.pointee.phase {
        case .head: client.pointee.outbox.isEmpty
        case .exchange: canForwardBody(client)
        case .tunnel: client.pointee.exchange?.pointee.upstream?.pointee.outbox.isEmpty ?? false
        case .lingering: true
        case .closed: false
        }
    }

    private mutating func useInbox(_ client: DownstreamPointer) {
        let used = use(client.pointee.inbox.bytes, from: client)
        // A connection that is about to close has given its inbox up already.
        client.pointee.inbox.consume(min(used, client.pointee.inbox.count))
    }

    private mutating func receive(_ client: DownstreamPointer) {
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

    /// The client will send no more. A request that is complete is still answered.
    private mutating func clientEnded(_ client: DownstreamPointer) {
        client.pointee.canRead = false
        switch client.pointee.phase {
        case .tunnel: clientTunnelEnded(client)
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
            case .lingering, .closed: return bytes.count
            }
            if taken == 0 { break }
            used &+= taken
        }
        return used
    }

    private mutating func useHead(_ bytes: UnsafeRawBufferPointer, from client: DownstreamPointer) -> Int {
        guard client.pointee.outbox.isEmpty else { return 0 }
        var head = RequestHead()
        switch requestParser.parse(bytes, into: &head, fields: &requestFields) {
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
            if let exchange = client.pointee.exchange { renewStall(exchange) }
        case .wouldBlock: return true
        case .ended, .failed:
            closeClient(client)
            return false
        }
        guard client.pointee.outbox.isEmpty else { return true }
        if client.pointee.closesWhenSent {
            concludeSending(client)
            return client.pointee.phase != .closed
        }
        if let upstream = client.pointee.exchange?.pointee.upstream { advanceUpstream(upstream) }
        return client.pointee.phase != .closed
    }

    // MARK: - Closing

    /// Closes once everything is sent. `abruptly` spares waiting for the client's own end: it said that it sends no more.
    mutating func closeAfterSending(_ client: DownstreamPointer, abruptly: Bool = false) {
        guard client.pointee.phase != .closed else { return }
        if abruptly, client.pointee.outbox.isEmpty { return closeClient(client) }
        client.pointee.phase = .lingering
        client.pointee.closesWhenSent = true
        client.pointee.inbox.release()
        timers.set(client.registration, to: now &+ limits.stallTimeout)
        if client.pointee.outbox.isEmpty { concludeSending(client) }
        if client.pointee.canRead { makeReady(client) }
    }

    /// Ends our side, and waits a little for the client to end its own: closing with unread bytes would make the kernel reset
    /// the connection, and the client might never see the answer.
    private mutating func concludeSending(_ client: DownstreamPointer) {
        client.pointee.closesWhenSent = false
        shutdown(client.pointee.descriptor, Int32(SHUT_WR))
        timers.cancel(client.registration)
        timers.set(client.registration, to: now &+ Self.lingerTime)
    }

    /// Closes at once, and gives up whatever request is under way.
    mutating func closeClient(_ client: DownstreamPointer) {
        guard client.pointee.phase != .closed else { return }
        if let exchange = client.pointee.exchange { abandon(exchange) }
        client.pointee.phase = .closed
        client.pointee.inbox.release()
        client.pointee.outbox.release()
        timers.cancel(client.registration)
        close(client.pointee.descriptor)
        connections &-= 1
        counters.setConnections(connections)
        openDownstreams.remove(client)
        closedDownstreams.append(client)
    }
}
