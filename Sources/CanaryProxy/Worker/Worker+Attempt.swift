// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryResources
import CanaryRouting
import Glibc

/// Tries: an endpoint is chosen, a connection taken or opened, and the request sent.
extension Worker {
    /// Sends the request to some endpoint, again and again while failing at once is no reason to give up. `pending` is what
    /// was received of the body and not used; how many bytes of it were used.
    mutating func attempt(_ exchange: ExchangePointer, _ pending: UnsafeRawBufferPointer) -> Int {
        while true {
            guard let endpoint = chooseEndpoint(exchange) else {
                guard exchange.pointee.retryAt == Registration.never else { return 0 }
                reply(exchange, status: 503, flag: .noHealthyUpstream, body: "no healthy upstream")
                return 0
            }
            exchange.pointee.lastEndpoint = endpoint
            switch connect(exchange, endpoint) {
            case .ready(let upstream):
                switch sendRequest(exchange, upstream, pending) {
                case .sent(let used): return used
                case .refused: return 0
                case .failed(let hasSent):
                    guard failTry(exchange, .reset(hasSent: hasSent)) else { return 0 }
                }
            case .waiting: return 0
            case .failed: guard failTry(exchange, .connect) else { return 0 }
            }
        }
    }

    /// Attempts again with what has been received meanwhile.
    mutating func attemptAgain(_ exchange: ExchangePointer) {
        let client = exchange.pointee.downstream
        let used = attempt(exchange, client.pointee.inbox.bytes)
        discard(used, of: client)
    }

    /// Forgets what was used of the client's inbox.
    private mutating func discard(_ used: Int, of client: DownstreamPointer) {
        guard client.pointee.phase != .closed, used > 0 else { return }
        client.pointee.inbox.consume(used)
        client.pointee.needsMore = false
    }

    // MARK: - Connections

    private enum Connection {
        case ready(UpstreamPointer)
        /// Under way: the request is sent when it stands.
        case waiting
        case failed
    }

    private mutating func connect(_ exchange: ExchangePointer, _ endpoint: UInt64) -> Connection {
        let pool = pools[endpoint]
        if !exchange.pointee.hasReplacedStale, let upstream = takeIdle(pool, exchange) {
            pool.pointee.active &+= 1
            attach(upstream, exchange)
            return .ready(upstream)
        }
        guard let address = address(of: endpoint, pool) else { return .failed }
        let (descriptor, isReady, _) = Socket.connect(to: address)
        guard descriptor >= 0 else { return .failed }
        let upstream = upstreams.take()
        upstream.initialize(
            to: Upstream(descriptor: descriptor, endpoint: endpoint, phase: isReady ? .active : .connecting)
        )
        guard register(descriptor, upstream.registration) else {
            close(descriptor)
            upstream.deinitialize(count: 1)
            upstreams.give(upstream)
            return .failed
        }
        counters.addUpstreamConnections(1)
        pool.pointee.active &+= 1
        attach(upstream, exchange)
        if isReady { return .ready(upstream) }
        let timeout = exchange.pointee.destination?.connectTimeoutMilliseconds ?? 10_000
        timers.set(upstream.registration, to: now &+ Int64(max(timeout, 1)))
        return .waiting
    }

    /// A pooled connection. Before a request that must not be sent twice, the socket is asked whether it still stands.
    private mutating func takeIdle(
        _ pool: UnsafeMutablePointer<EndpointPool>,
        _ exchange: ExchangePointer
    ) -> UpstreamPointer? {
        while let upstream = pool.pointee.pop() {
            upstream.pointee.phase = .active
            let isSafe = exchange.pointee.request.method.isIdempotent
            if isSafe || Socket.isQuiet(upstream.pointee.descriptor) { return upstream }
            closeUpstream(upstream)
        }
        return nil
    }

    private func attach(_ upstream: UpstreamPointer, _ exchange: ExchangePointer) {
        upstream.pointee.exchange = exchange
        exchange.pointee.upstream = upstream
        exchange.pointee.isHeadSent = false
    }

    /// Takes the exchange's connection away from it.
    mutating func detach(_ exchange: ExchangePointer) -> UpstreamPointer? {
        guard let upstream = exchange.pointee.upstream else { return nil }
        exchange.pointee.upstream = nil
        upstream.pointee.exchange = nil
        pools[upstream.pointee.endpoint].pointee.active &-= 1
        return upstream
    }

    mutating func closeUpstream(_ upstream: UpstreamPointer) {
        guard upstream.pointee.phase != .closed else { return }
        if upstream.pointee.phase == .idle { pools[upstream.pointee.endpoint].pointee.remove(upstream) }
        upstream.pointee.phase = .closed
        upstream.pointee.inbox.release()
        upstream.pointee.outbox.release()
        timers.cancel(upstream.registration)
        close(upstream.pointee.descriptor)
        counters.addUpstreamConnections(-1)
        bury(upstream.registration)
    }

    /// Keeps a connection for later requests, unless its endpoint has left.
    mutating func pool(_ upstream: UpstreamPointer, idleTimeout: Int32) {
        guard !pools[upstream.pointee.endpoint].pointee.hasLeft else { return closeUpstream(upstream) }
        upstream.pointee.phase = .idle
        upstream.pointee.inbox.release()
        pools[upstream.pointee.endpoint].pointee.push(upstream)
        timers.set(
            upstream.registration,
            to: idleTimeout > 0 ? now &+ Int64(idleTimeout) : Registration.never
        )
    }

    // MARK: - Sending

    private enum Sending {
        case sent(Int)
        case failed(hasSent: Bool)
        /// The body's framing was wrong: the client has its answer.
        case refused
    }

    /// Sends the head with whatever of the body is there, in one piece.
    private mutating func sendRequest(
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer,
        _ pending: UnsafeRawBufferPointer
    ) -> Sending {
        let bodyBefore = exchange.pointee.requestBody
        let wasComplete = exchange.pointee.isRequestComplete
        let replayBefore = exchange.pointee.replay.count
        writeRequestHead(exchange)
        output.append(ByteSlice(exchange.pointee.replay.bytes))
        var used = 0
        if !wasComplete {
            guard let taken = takeBody(exchange, pending) else { return .refused }
            used = taken.used
            output.append(ByteSlice(taken.bytes))
        }
        switch Socket.send(upstream.pointee.descriptor, output.slice.raw) {
        case .moved(let count):
            if count < output.count { upstream.pointee.outbox.append(output.slice.from(count).raw) }
        case .wouldBlock: upstream.pointee.outbox.append(output.slice.raw)
        case .ended, .failed:
            exchange.pointee.requestBody = bodyBefore
            exchange.pointee.isRequestComplete = wasComplete
            if exchange.pointee.canReplay, replayBefore == 0 { exchange.pointee.replay.release() }
            return .failed(hasSent: false)
        }
        exchange.pointee.isHeadSent = true
        if wasComplete { startTryTimeout(exchange) }
        rearm(exchange)
        return .sent(used)
    }

    /// The connection stands, or failed to.
    mutating func upstreamConnected(_ upstream: UpstreamPointer) {
        guard let exchange = upstream.pointee.exchange else { return closeUpstream(upstream) }
        timers.cancel(upstream.registration)
        guard Socket.pendingError(upstream.pointee.descriptor) == 0 else {
            if failTry(exchange, .connect) { attemptAgain(exchange) }
            return
        }
        upstream.pointee.phase = .active
        let client = exchange.pointee.downstream
        switch sendRequest(exchange, upstream, client.pointee.inbox.bytes) {
        case .sent(let used): discard(used, of: client)
        case .refused: break
        case .failed(let hasSent):
            if failTry(exchange, .reset(hasSent: hasSent)) { attemptAgain(exchange) }
        }
    }

    // MARK: - The body

    func canForwardBody(_ client: DownstreamPointer) -> Bool {
        guard let exchange = client.pointee.exchange, !exchange.pointee.isRequestComplete else {
            return false
        }
        if exchange.pointee.discardsBody { return true }
        guard exchange.pointee.isHeadSent, let upstream = exchange.pointee.upstream else { return false }
        return upstream.pointee.outbox.isEmpty
    }

    /// Passes received bytes of the body on; how many were used.
    mutating func forwardBody(_ bytes: UnsafeRawBufferPointer, from client: DownstreamPointer) -> Int {
        guard canForwardBody(client), let exchange = client.pointee.exchange else { return 0 }
        guard let taken = takeBody(exchange, bytes) else { return bytes.count }
        guard taken.used > 0 else { return 0 }
        if let upstream = exchange.pointee.upstream, !exchange.pointee.discardsBody, !taken.bytes.isEmpty {
            let isGone = !send(taken.bytes, to: upstream)
            // The upstream may have answered already and closed its ear: its answer decides.
            if isGone { exchange.pointee.discardsBody = true }
        }
        renewStall(exchange)
        return taken.used
    }

    /// Follows the body through `bytes` and remembers it while it may have to be sent again; what goes on, or `nil` when its
    /// framing was wrong and the client has its answer.
    private mutating func takeBody(_ exchange: ExchangePointer, _ bytes: UnsafeRawBufferPointer)
        -> BodyRelay.Piece?
    {
        let piece: BodyRelay.Piece
        do {
            let changes = exchange.pointee.route?.requestHeaderEdits(exchange.pointee.destination)
            piece = try relay.pass(bytes, through: &exchange.pointee.requestBody, except: changes ?? .none)
        } catch {
            counters.countRejected()
            exchange.pointee.keepsDownstream = false
            reply(
                exchange,
                status: Int32(error.status),
                flag: .downstreamProtocolError,
                body: error.reason
            )
            return nil
        }
        exchange.pointee.bytesReceived &+= UInt64(piece.used)
        rememberBody(exchange, piece.bytes)
        if piece.isLast { requestIsComplete(exchange) }
        return piece
    }

    private func rememberBody(_ exchange: ExchangePointer, _ bytes: UnsafeRawBufferPointer) {
        guard exchange.pointee.canReplay, bytes.count > 0 else { return }
        let fits = exchange.pointee.replay.count &+ bytes.count <= limits.replayBytes
        if fits, mayBeSentTwice(exchange) {
            exchange.pointee.replay.append(bytes)
        } else {
            exchange.pointee.canReplay = false
            exchange.pointee.replay.release()
        }
    }

    /// Sends to an upstream; `false` when it takes no more.
    mutating func send(_ bytes: UnsafeRawBufferPointer, to upstream: UpstreamPointer) -> Bool {
        guard upstream.pointee.outbox.isEmpty else {
            upstream.pointee.outbox.append(bytes)
            return true
        }
        switch Socket.send(upstream.pointee.descriptor, bytes) {
        case .moved(let count):
            if count < bytes.count {
                upstream.pointee.outbox.append(UnsafeRawBufferPointer(rebasing: bytes[count...]))
            }
            return true
        case .wouldBlock:
            upstream.pointee.outbox.append(bytes)
            return true
        case .ended, .failed: return false
        }
    }
}
