// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryRouting

/// What clients send: heads begin exchanges, bodies go on to upstreams.
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
        if events & CANARY_EPOLLOUT != 0 {
            if client.pointee.transport.awaitsRoom { client.pointee.canRead = true }
            if !client.pointee.outbox.isEmpty { flush(client) }
        }
        advance(client)
    }

    private mutating func flush(_ client: DownstreamPointer) {
        switch clients.flush(client) {
        case .moved:
            if let exchange = client.pointee.exchange {
                renewStall(exchange)
            } else {
                clients.afterSending(client, &loop)
            }
        case .blocked: break
        case .failed: closeClient(client)
        }
    }

    /// The client announced that it sends no more. While it waits for an answer, nothing else tells one that left from one
    /// that ended its side only.
    private mutating func clientIsEnding(_ client: DownstreamPointer) {
        client.pointee.isEnding = true
        guard client.pointee.phase == .exchange, let exchange = client.pointee.exchange else { return }
        exchange.pointee.awaitDeparture(loop.now, limits)
        rearm(exchange)
    }

    // MARK: - Reading

    mutating func useInbox(_ client: DownstreamPointer) {
        let used = use(client.pointee.inbox.bytes, from: client)
        // A connection that is about to close has given its inbox up already.
        client.pointee.inbox.consume(min(used, client.pointee.inbox.count))
    }

    mutating func receive(_ client: DownstreamPointer) {
        scratch.open()
        defer { scratch.close() }
        let isEmpty = client.pointee.inbox.isEmpty
        let memory = unsafe isEmpty ? scratch.base : client.pointee.inbox.reserve(Scratch.size)
        switch unsafe client.pointee.transport.receive(memory, Scratch.size) {
        case .moved(let count):
            if !client.pointee.isEnding, !client.pointee.transport.mayHoldMore(count, of: Scratch.size) {
                client.pointee.canRead = false
            }
            if isEmpty {
                let bytes = unsafe ByteSlice(start: memory, count: count)
                let used = use(bytes, from: client)
                guard client.pointee.phase != .closed, used < count else { return }
                client.pointee.inbox.append(bytes.from(used))
            } else {
                client.pointee.inbox.commit(count)
                useInbox(client)
            }
        case .wouldBlock:
            client.pointee.canRead = client.pointee.transport.mayHoldMore(0, of: Scratch.size)
        case .ended: clientEnded(client)
        case .failed: closeClient(client)
        }
    }

    /// The client's end was read.
    private mutating func clientEnded(_ client: DownstreamPointer) {
        client.pointee.canRead = false
        client.pointee.hasEnded = true
        switch client.pointee.phase {
        case .tunnel: clientTunnelEnded(client)
        // The rest of the upload never comes, but the answer is on its way already.
        case .exchange where client.pointee.exchange?.pointee.hasAnswerBegun == true: break
        case .lingering where !client.pointee.outbox.isEmpty: break
        case .opening, .head, .exchange, .multiplexed, .lingering, .closed: closeClient(client)
        }
    }

    /// Uses received bytes, as many requests as they hold; how many bytes were used.
    private mutating func use(_ bytes: ByteSlice, from client: DownstreamPointer) -> Int {
        var used = 0
        repeat {
            let rest = bytes.from(used)
            let taken: Int
            switch client.pointee.phase {
            case .head: taken = useHead(rest, from: client)
            case .exchange: taken = forwardBody(rest, from: client)
            case .tunnel: taken = tunnelToUpstream(rest, from: client)
            case .multiplexed: taken = useFrames(rest, from: client)
            case .lingering:
                clients.renewLinger(client, &loop)
                return bytes.count
            case .opening, .closed: return bytes.count
            }
            if taken == 0 { break }
            used &+= taken
        } while used < bytes.count
        client.pointee.needsMore = used < bytes.count && client.wantsInput
        return used
    }

    private mutating func useHead(_ bytes: ByteSlice, from client: DownstreamPointer) -> Int {
        guard client.pointee.outbox.isEmpty else { return 0 }
        var head = RequestHead()
        switch client.pointee.codec.readHead(bytes, headLimits, into: &head, &requestFields) {
        case .incomplete:
            clients.awaitHead(client, &loop)
            return 0
        case .rejected(let rejection):
            if let taken = beginSession(client, bytes) { return taken }
            counters.countRejected()
            refuse(client, status: Int32(rejection.status), reason: rejection.reason)
            return bytes.count
        case .complete(let length):
            return length &+ begin(client, head, bytes, bytes.from(length))
        }
    }

    /// Passes received bytes of the body on; how many were used.
    private mutating func forwardBody(_ bytes: ByteSlice, from client: DownstreamPointer) -> Int {
        guard let exchange = client.pointee.exchange, exchange.takesBody else { return 0 }
        let form = exchange.pointee.upstream?.pointee.codec.requestForm ?? .chunks
        guard let piece = takeBody(exchange, client, bytes, as: form) else { return bytes.count }
        guard piece.used > 0 || piece.isLast else { return 0 }
        if let upstream = exchange.pointee.upstream, upstream.pointee.takesBody {
            // The upstream may have answered already and closed its ear: its answer decides.
            if !piece.bytes.isEmpty { upstream.pointee.takesBody = upstreams.send(piece.bytes, to: upstream) }
            if let stream = upstream.pointee.transport.stream { endBody(piece, client, stream) }
        }
        renewStall(exchange)
        return piece.used
    }

    // MARK: - Sending and closing

    /// Sends to a client, with `body` behind the bytes; `false` when that closed it.
    mutating func send(
        _ bytes: ByteSlice,
        _ body: ByteSlice = ByteSlice(),
        to client: DownstreamPointer
    ) -> Bool {
        guard clients.send(bytes, body, to: client) else {
            closeClient(client)
            return false
        }
        return true
    }

    /// Answers a head that could not be read, and closes.
    mutating func refuse(_ client: DownstreamPointer, status: Int32, reason: StaticString) {
        client.pointee.codec.beginUnread()
        answering.writeRefusal(status: status, reason: reason, client.pointee.codec, to: &output)
        counters.countLocal(CountedAnswer(status: status, flags: ResponseFlags(.downstreamProtocolError)))
        guard send(output.slice, to: client) else { return }
        clients.closeAfterSending(client, &loop)
    }

    /// Closes at once, and gives up whatever request is under way.
    mutating func closeClient(_ client: DownstreamPointer, resets: Bool = false) {
        guard client.pointee.phase != .closed else { return }
        if let exchange = client.pointee.exchange { abandon(exchange) }
        if let session = client.pointee.session { endStreams(client, session) }
        clients.close(client, resets: resets, &loop)
    }
}
