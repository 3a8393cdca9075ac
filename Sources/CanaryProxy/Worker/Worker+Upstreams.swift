// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryRouting

/// What upstreams send.
extension Worker {
    mutating func handleUpstream(_ upstream: UpstreamPointer, _ events: UInt32) {
        let hasFailed = events & (CANARY_EPOLLERR | CANARY_EPOLLHUP) != 0
        switch upstream.pointee.phase {
        case .closed: return
        case .idle:
            // Whatever comes on a resting connection ends it, but for what TLS says to itself; a mere "writable" is no news.
            let isOver = events & CANARY_EPOLLRDHUP != 0 || hasFailed
            let hasCome = events & CANARY_EPOLLIN != 0
            guard isOver || hasCome else { return }
            if isOver || upstream.pointee.transport.tls == nil || !upstream.pointee.transport.isQuiet {
                closeUpstream(upstream)
            }
            return
        case .connecting:
            // A handshake goes on by whatever comes.
            let isNews = events & CANARY_EPOLLOUT != 0 || hasFailed || upstream.pointee.transport.tls != nil
            if let session = upstream.pointee.session {
                if isNews { trunkConnected(upstream, session) }
            } else if isNews {
                upstreamConnected(upstream)
            }
            guard upstream.pointee.phase != .connecting, upstream.pointee.phase != .closed else { return }
        case .active, .tunnel, .multiplexed: break
        }
        if upstream.pointee.phase == .tunnel, upstream.pointee.hasEnded, events & CANARY_EPOLLERR != 0,
            let exchange = upstream.pointee.exchange
        {
            // It is not read any more, which would have told of the reset.
            return upstreamTunnelEnded(upstream, exchange, isReset: true)
        }
        if events & CANARY_EPOLLRDHUP != 0 || hasFailed { upstream.pointee.isEnding = true }
        if events & (CANARY_EPOLLIN | CANARY_EPOLLRDHUP) != 0 || hasFailed { upstream.pointee.canRead = true }
        if events & CANARY_EPOLLOUT != 0 {
            if upstream.pointee.transport.awaitsRoom { upstream.pointee.canRead = true }
            if !upstream.pointee.outbox.isEmpty { flush(upstream) }
        }
        advance(upstream)
    }

    private mutating func flush(_ upstream: UpstreamPointer) {
        let flush = upstreams.flush(upstream)
        if upstream.pointee.session != nil, flush == .failed { return closeTrunk(upstream) }
        guard flush != .blocked, let exchange = upstream.pointee.exchange else { return }
        if flush == .failed, upstream.pointee.phase == .tunnel { return tunnelIsBroken(upstream, exchange) }
        renewStall(exchange)
    }

    /// Whether a connection that was begun stands; `nil` while nobody knows. Why one with TLS does not is told to the operator.
    mutating func establish(_ upstream: UpstreamPointer) -> Bool? {
        if upstream.pointee.isToIntroduce {
            guard let isIntroduced = introduce(upstream) else { return nil }
            guard isIntroduced else { return false }
        }
        let outcome = upstream.pointee.transport.establish()
        guard let tls = upstream.pointee.transport.tls, let origin = tls.pointee.socket.pointee.origin else {
            return outcome == .complete
        }
        let host = origin.settings.host
        switch outcome {
        case .pending: return nil
        case .failed:
            if !tls.pointee.reason.isEmpty { shared.upstreamTLS.note(tls.pointee.reason, host: host) }
            return false
        case .complete:
            guard let objection = origin.objection(to: tls) else {
                shared.upstreamTLS.clear(host: host)
                return true
            }
            shared.upstreamTLS.note(objection, host: host)
            return false
        }
    }

    mutating func closeUpstream(_ upstream: UpstreamPointer) { upstreams.close(upstream, &loop) }

    // MARK: - Reading

    mutating func receive(_ upstream: UpstreamPointer) {
        if let stream = upstream.pointee.transport.stream { return receiveStream(upstream, stream) }
        scratch.open()
        defer { scratch.close() }
        switch unsafe upstream.pointee.transport.receive(scratch.base, Scratch.size) {
        case .moved(let count):
            if !upstream.pointee.isEnding, !upstream.pointee.transport.mayHoldMore(count, of: Scratch.size) {
                upstream.pointee.canRead = false
            }
            unsafe take(ByteSlice(start: scratch.base, count: count), from: upstream)
        case .wouldBlock:
            upstream.pointee.canRead = upstream.pointee.transport.mayHoldMore(0, of: Scratch.size)
        case .ended:
            upstream.pointee.canRead = false
            upstreamEnded(upstream, isReset: false)
        case .failed: upstreamEnded(upstream, isReset: true)
        }
    }

    private mutating func take(_ bytes: ByteSlice, from upstream: UpstreamPointer) {
        if let session = upstream.pointee.session {
            if !useFrames(bytes, session) { closeTrunk(upstream) }
            return
        }
        guard let exchange = upstream.pointee.exchange else { return closeUpstream(upstream) }
        if upstream.pointee.phase == .tunnel { return tunnelToClient(bytes, exchange) }
        var bytes = bytes
        if !upstream.pointee.inbox.isEmpty {
            upstream.pointee.inbox.append(bytes)
            bytes = upstream.pointee.inbox.bytes
        }
        if exchange.pointee.hasAnswerBegun {
            forwardAnswer(bytes, exchange, upstream, joined: false)
        } else {
            takeHead(bytes, exchange, upstream)
        }
    }

    // MARK: - Ends

    mutating func upstreamEnded(_ upstream: UpstreamPointer, isReset: Bool) {
        if upstream.pointee.session != nil { return closeTrunk(upstream) }
        guard let exchange = upstream.pointee.exchange else { return closeUpstream(upstream) }
        if upstream.pointee.phase == .tunnel {
            return upstreamTunnelEnded(upstream, exchange, isReset: isReset)
        }
        guard exchange.pointee.hasAnswerBegun else {
            if failTry(exchange, .reset(wasSent: true)) { attemptAgain(exchange) }
            return
        }
        guard upstream.pointee.codec.framing == .untilClose, !isReset else {
            // Part of the answer is out already: only a broken connection can tell the client.
            report(.connectionFailed, exchange)
            exchange.pointee.outcome.flag = .upstreamConnectionTermination
            return breakOff(exchange)
        }
        endAnswer(exchange, upstream)
    }

    mutating func upstreamIsDue(_ upstream: UpstreamPointer) {
        switch upstream.pointee.phase {
        case .idle: closeUpstream(upstream)
        case .multiplexed:
            // Streams that have begun since have deadlines of their own.
            guard let session = upstream.pointee.session else { return }
            let intake = session.pointee.intake
            if intake.pointee.streams.count == 0 { closeTrunk(upstream) }
        case .connecting where upstream.pointee.session != nil: failTrunk(upstream)
        case .connecting:
            guard let exchange = upstream.pointee.exchange else { return closeUpstream(upstream) }
            if failTry(exchange, .connect) { attemptAgain(exchange) }
        case .active, .tunnel, .closed: break
        }
    }
}
