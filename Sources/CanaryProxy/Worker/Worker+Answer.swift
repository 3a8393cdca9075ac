// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryResources
import CanaryRouting
import Glibc

/// The upstream's side: its answer is read, checked and passed on.
extension Worker {
    /// A body of up to this size shares a `send` with its head; copying a larger one costs more than a second `send`.
    private static let joinedBody = 16_384

    mutating func handleUpstream(_ upstream: UpstreamPointer, _ events: UInt32) {
        let hasFailed = events & (CANARY_EPOLLERR | CANARY_EPOLLHUP) != 0
        switch upstream.pointee.phase {
        case .closed: return
        case .idle:
            // Whatever comes on a resting connection ends it; a mere "writable" is no news.
            if events & (CANARY_EPOLLIN | CANARY_EPOLLRDHUP) != 0 || hasFailed { closeUpstream(upstream) }
            return
        case .connecting:
            if events & CANARY_EPOLLOUT != 0 || hasFailed { upstreamConnected(upstream) }
            guard upstream.pointee.phase == .active else { return }
        case .active, .tunnel: break
        }
        if upstream.pointee.phase == .tunnel, upstream.pointee.hasEnded, events & CANARY_EPOLLERR != 0,
            let exchange = upstream.pointee.exchange
        {
            // It is not read any more, which would have told of the reset.
            return upstreamTunnelEnded(upstream, exchange, isReset: true)
        }
        if events & CANARY_EPOLLRDHUP != 0 || hasFailed { upstream.pointee.isEnding = true }
        if events & (CANARY_EPOLLIN | CANARY_EPOLLRDHUP) != 0 || hasFailed { upstream.pointee.canRead = true }
        if events & CANARY_EPOLLOUT != 0, !upstream.pointee.outbox.isEmpty { flush(upstream) }
        advance(upstream)
    }

    private mutating func flush(_ upstream: UpstreamPointer) {
        switch Socket.send(upstream.pointee.descriptor, upstream.pointee.outbox.bytes) {
        case .moved(let count): upstream.pointee.outbox.consume(count)
        case .wouldBlock: return
        case .ended, .failed:
            // What it said before it closed may still be read.
            upstream.pointee.outbox.release()
            upstream.pointee.exchange?.pointee.discardsBody = true
            upstream.pointee.canRead = true
            if upstream.pointee.phase == .tunnel, let exchange = upstream.pointee.exchange {
                return tunnelIsBroken(upstream, exchange)
            }
        }
        upstream.pointee.lastUnacknowledged = -1
        if let exchange = upstream.pointee.exchange { renewStall(exchange) }
    }

    mutating func receive(_ upstream: UpstreamPointer) {
        canary_unpoison(scratch, Self.scratchSize)
        defer { canary_poison(scratch, Self.scratchSize) }
        switch Socket.receive(upstream.pointee.descriptor, scratch, Self.scratchSize) {
        case .moved(let count):
            if count < Self.scratchSize, !upstream.pointee.isEnding { upstream.pointee.canRead = false }
            take(UnsafeRawBufferPointer(start: scratch, count: count), from: upstream)
        case .wouldBlock: upstream.pointee.canRead = false
        case .ended:
            upstream.pointee.canRead = false
            upstreamEnded(upstream, isReset: false)
        case .failed: upstreamEnded(upstream, isReset: true)
        }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer, from upstream: UpstreamPointer) {
        guard let exchange = upstream.pointee.exchange else { return closeUpstream(upstream) }
        if upstream.pointee.phase == .tunnel { return tunnelToClient(bytes, exchange) }
        var bytes = bytes
        if !upstream.pointee.inbox.isEmpty {
            upstream.pointee.inbox.append(bytes)
            bytes = upstream.pointee.inbox.bytes
        }
        if exchange.pointee.hasResponseBegun {
            forwardAnswer(bytes, exchange, upstream, joined: false)
        } else {
            takeHead(bytes, exchange, upstream)
        }
    }

    // MARK: - Heads

    /// Reads response heads from `bytes`, which are fresh or the whole of the upstream's inbox.
    private mutating func takeHead(
        _ bytes: UnsafeRawBufferPointer,
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer
    ) {
        var start = 0
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            var head = ResponseHead()
            let method = exchange.pointee.request.method
            let outcome = responseParser.parse(
                rest,
                after: &upstream.pointee.headProgress,
                method: method,
                into: &head,
                fields: &responseFields
            )
            switch outcome {
            case .incomplete:
                return keep(rest, upstream)
            case .rejected:
                return failAnswer(exchange)
            case .complete(let length):
                if head.status == 101 {
                    return switchProtocols(head, rest, exchange, upstream)
                }
                guard head.status < 200 else { return takeFinalHead(head, rest, exchange, upstream) }
                forwardInterim(head, rest, exchange)
                guard upstream.pointee.exchange == exchange else { return }
                start &+= length
                if start == bytes.count { return upstream.pointee.inbox.release() }
            }
        }
    }

    /// Keeps what can't be used yet: fresh bytes, or the end of the upstream's inbox.
    private func keep(_ rest: UnsafeRawBufferPointer, _ upstream: UpstreamPointer) {
        if upstream.pointee.inbox.isEmpty {
            upstream.pointee.inbox.append(rest)
        } else {
            upstream.pointee.inbox.consume(upstream.pointee.inbox.count &- rest.count)
        }
    }

    /// Passes a 1xx on to a client that knows them.
    private mutating func forwardInterim(
        _ head: ResponseHead,
        _ bytes: UnsafeRawBufferPointer,
        _ exchange: ExchangePointer
    ) {
        guard exchange.pointee.request.minorVersion > 0 else { return }
        writeInterimHead(head, bytes)
        _ = send(output.slice.raw, to: exchange.pointee.downstream)
    }

    private mutating func takeFinalHead(
        _ head: ResponseHead,
        _ bytes: UnsafeRawBufferPointer,
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer
    ) {
        if shouldRetry(exchange, status: head.status) {
            countFirstTry(exchange, status: Int32(head.status), flag: .none)
            return scheduleRetry(exchange)
        }
        exchange.pointee.response = head
        exchange.pointee.responseBody = BodyReader(head.framing)
        exchange.pointee.status = Int32(head.status)
        exchange.pointee.hasResponseBegun = true
        exchange.pointee.tryDeadline = Registration.never
        exchange.pointee.replay.release()
        exchange.pointee.canReplay = false
        chooseFraming(exchange)
        writeResponseHead(exchange, bytes)
        let body = UnsafeRawBufferPointer(rebasing: bytes[head.length...])
        let isJoined = body.count <= Self.joinedBody
        if !isJoined {
            guard send(output.slice.raw, to: exchange.pointee.downstream, more: true) else { return }
        }
        forwardAnswer(body, exchange, upstream, joined: isJoined)
    }

    private func chooseFraming(_ exchange: ExchangePointer) {
        let isOld = exchange.pointee.request.minorVersion == 0
        switch exchange.pointee.response.framing {
        case .untilClose where isOld:
            exchange.pointee.reframing = .none
            exchange.pointee.keepsDownstream = false
        case .untilClose: exchange.pointee.reframing = .toChunks
        case .chunked where isOld:
            exchange.pointee.reframing = .fromChunks
            exchange.pointee.keepsDownstream = false
        default: exchange.pointee.reframing = .none
        }
        // When the answer ends, the rest of the upload would have to be read only to be thrown away, and a client that waits
        // for a 100 never sends it.
        if !exchange.pointee.isRequestComplete { exchange.pointee.keepsDownstream = false }
    }

    // MARK: - Bodies

    /// Passes a piece of the answer on; `joined` puts it behind what `output` holds already. What can't be used yet is kept.
    private mutating func forwardAnswer(
        _ bytes: UnsafeRawBufferPointer,
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer,
        joined: Bool
    ) {
        if !joined { output.truncate() }
        let piece: BodyRelay.Piece
        do {
            piece = try reframe(bytes, exchange)
        } catch {
            return failAnswer(exchange)
        }
        exchange.pointee.bytesSent &+= UInt64(piece.used)
        if joined { output.append(ByteSlice(piece.bytes)) }
        let answer = joined ? output.slice.raw : piece.bytes
        if answer.count > 0 {
            guard send(answer, to: exchange.pointee.downstream) else { return }
        }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[piece.used...])
        if piece.isLast { return finishAnswer(exchange, upstream, hasLeftover: !rest.isEmpty) }
        keep(rest, upstream)
        renewStall(exchange)
    }

    /// Follows the body's framing; what goes to the client of it.
    private mutating func reframe(
        _ bytes: UnsafeRawBufferPointer,
        _ exchange: ExchangePointer
    ) throws(Rejection) -> BodyRelay.Piece {
        switch exchange.pointee.reframing {
        case .none:
            let changes = exchange.pointee.route?.responseHeaderEdits(exchange.pointee.destination)
            return try relay.pass(bytes, through: &exchange.pointee.responseBody, except: changes ?? .none)
        case .toChunks: return relay.chunk(bytes)
        case .fromChunks: return try relay.data(of: bytes, through: &exchange.pointee.responseBody)
        }
    }

    /// The answer is complete: the upstream goes back to the pool if both sides know where they are.
    private mutating func finishAnswer(
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer,
        hasLeftover: Bool
    ) {
        let destination = exchange.pointee.destination
        let limit = destination?.maxRequestsPerConnection ?? 0
        _ = detach(exchange)
        upstream.pointee.served &+= 1
        let isReusable =
            exchange.pointee.response.keepsAlive && exchange.pointee.isRequestComplete && !hasLeftover
            && !exchange.pointee.discardsBody && !upstream.pointee.isEnding && upstream.pointee.outbox.isEmpty
            && (limit == 0 || upstream.pointee.served < limit) && !isDraining && isQuiet(upstream)
        if isReusable {
            pool(upstream, idleTimeout: destination?.idleTimeoutMilliseconds ?? 0)
        } else {
            closeUpstream(upstream)
        }
        finish(exchange)
    }

    /// Whether an upstream has sent nothing behind its answer, as far as is known. What it sends later is an event.
    private func isQuiet(_ upstream: UpstreamPointer) -> Bool {
        !upstream.pointee.canRead || Socket.isQuiet(upstream.pointee.descriptor)
    }

    // MARK: - Ends

    private mutating func upstreamEnded(_ upstream: UpstreamPointer, isReset: Bool) {
        guard let exchange = upstream.pointee.exchange else { return closeUpstream(upstream) }
        if upstream.pointee.phase == .tunnel {
            return upstreamTunnelEnded(upstream, exchange, isReset: isReset)
        }
        guard exchange.pointee.hasResponseBegun else {
            if failTry(exchange, .reset(hasSent: true)) { attemptAgain(exchange) }
            return
        }
        guard exchange.pointee.response.framing == .untilClose, !isReset else {
            // Part of the answer is out already: only a broken connection can tell the client.
            exchange.pointee.flag = .upstreamConnectionTermination
            return breakOff(exchange)
        }
        if exchange.pointee.reframing == .toChunks {
            let end: StaticString = "0\r\n\r\n"
            let bytes = UnsafeRawBufferPointer(start: end.utf8Start, count: end.utf8CodeUnitCount)
            guard send(bytes, to: exchange.pointee.downstream) else { return }
        }
        finishAnswer(exchange, upstream, hasLeftover: true)
    }

    /// The answer broke the protocol.
    private mutating func failAnswer(_ exchange: ExchangePointer) {
        exchange.pointee.flag = .upstreamProtocolError
        reply(exchange, status: 502, flag: .upstreamProtocolError, body: Self.brokenAnswer)
    }

    private static var brokenAnswer: StaticString {
        "upstream connect error or disconnect/reset before headers. reset reason: protocol error"
    }
}
