// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Tries: an endpoint is chosen, a connection taken or opened, and the request sent.
extension Worker {
    /// How often a request looks whether a name has got an address.
    private static let addressPause: Int64 = 20

    /// Sends the request to some endpoint, again and again while failing at once is no reason to give up. `pending` is what
    /// was received of the body and not used; how many bytes of it were used.
    mutating func attempt(_ exchange: ExchangePointer, _ pending: ByteSlice) -> Int {
        var used = 0
        while let member = nextMember(exchange) {
            exchange.pointee.tries.lastEndpoint = member.endpoint
            switch connect(exchange, member) {
            case .ready(let upstream):
                guard start(exchange, on: upstream) else { return used }
                upstreams.attach(upstream, to: exchange)
                if exchange.pointee.isConnection {
                    join(exchange, upstream)
                    return used
                }
                let rest = pending.from(used)
                let (count, result) = sendRequest(exchange, upstream, rest)
                used &+= count
                guard case .failed(let wasSent) = result else { return used }
                guard failTry(exchange, .reset(wasSent: wasSent)) else { return used }
            case .waiting(let upstream):
                upstreams.attach(upstream, to: exchange)
                exchange.pointee.stage = .connecting
                rearm(exchange)
                return used
            case .failed: guard failTry(exchange, .connect) else { return used }
            case .inLine:
                rearm(exchange)
                return used
            case .overflow:
                reply(exchange, .overflow)
                return used
            }
        }
        return used
    }

    /// Attempts again with what has been received meanwhile.
    mutating func attemptAgain(_ exchange: ExchangePointer) {
        guard let client = exchange.pointee.downstream else {
            _ = attempt(exchange, ByteSlice())
            return
        }
        discard(attempt(exchange, client.pointee.inbox.bytes), of: client)
    }

    /// Forgets what was used of a client's inbox, if it has not given it up.
    private func discard(_ used: Int, of client: DownstreamPointer) {
        guard used > 0, !client.pointee.inbox.isEmpty else { return }
        client.pointee.inbox.consume(used)
        client.pointee.needsMore = false
    }

    // MARK: - Endpoints and connections

    /// Where an exchange was called to that waited for a connection, or the endpoint of the next try.
    private mutating func nextMember(_ exchange: ExchangePointer) -> ClusterMember? {
        if exchange.pointee.place.state == .called { return exchange.pointee.place.member }
        guard let member = chooseEndpoint(exchange) else { return nil }
        guard exchange.pointee.destination?.proxyProtocol != nil else { return member }
        return introducedMember(member, for: exchange.pointee.downstream)
    }

    /// The endpoint of the next try, where the request is counted, once; `nil` where it has its answer, or has to wait for an
    /// address.
    private mutating func chooseEndpoint(_ exchange: ExchangePointer) -> ClusterMember? {
        guard let destination = exchange.pointee.destination else { return nil }
        let tried = exchange.pointee.triedEndpoints
        let hasFailed = exchange.pointee.tries.failed.count > 0
        let priorities = hasFailed ? avoidedPriorities(exchange, destination) : 0
        let choice = upstreams.choose(
            destination,
            for: exchange.pointee.request.facts,
            avoiding: tried,
            priorities: priorities,
            at: loop.now,
            &random
        )
        switch choice {
        case .endpoint(let member, let counter):
            count(exchange, counter)
            return member
        case .awaitsAddress(let counter):
            if exchange.pointee.awaitAddress(Self.addressPause, loop.now) {
                rearm(exchange)
                return nil
            }
            count(exchange, counter)
        case .none(let counter): count(exchange, counter)
        }
        reply(exchange, LocalAnswer(503, .noHealthyUpstream, "no healthy upstream"))
        return nil
    }

    /// With `retryRemoteLocalities`.
    private mutating func avoidedPriorities(_ exchange: ExchangePointer, _ destination: DestinationHandle)
        -> UInt64
    {
        guard exchange.pointee.route?.retry.includesRemoteLocalities == true else { return 0 }
        return upstreams.avoidedPriorities(
            &exchange.pointee.tries.priorities,
            destination,
            loop.now,
            &random
        )
    }

    /// A pooled connection, or one that is made for the request.
    private mutating func connect(_ exchange: ExchangePointer, _ member: ClusterMember)
        -> UpstreamSide.Connection
    {
        guard let destination = exchange.pointee.destination else { return .failed }
        let isStream = exchange.pointee.usesStream(of: destination)
        let isReplacing = exchange.pointee.tries.isReplacing
        var mayShare = !exchange.pointee.isConnection && !isReplacing
        if let use = destination.sharedUse {
            let limits = upstreams.limits(for: exchange, destination)
            if isReplacing, !isStream { upstreams.makeRoom(at: member, limits, use, &loop) }
            switch upstreams.admit(exchange, to: member, of: destination, limits, use, loop.now) {
            case .useIdle: mayShare = true
            // What rests is for those who were called.
            case .connect: mayShare = mayShare && isStream
            case .wait: return .inLine
            case .overflow: return .overflow
            }
        }
        if isStream {
            return upstreams.stream(to: member, of: destination, isAlone: !mayShare, headLimits, &loop)
        }
        if mayShare, let upstream = takeIdle(member, exchange) { return .ready(upstream) }
        return upstreams.connect(to: member, of: destination, &loop)
    }

    /// A pooled connection. Before a request that must not be sent twice, it is asked whether it still stands. One from before
    /// there were limits is none of those that they count, and goes.
    private mutating func takeIdle(_ member: ClusterMember, _ exchange: ExchangePointer) -> UpstreamPointer? {
        let isLimited = exchange.pointee.destination?.sharedUse != nil
        let isSafe = exchange.pointee.request.head.method.isIdempotent
        while let upstream = upstreams.takeIdle(member) {
            let isCounted = unsafe !isLimited || upstream.pointee.countedBy != nil
            if isCounted, isSafe || upstream.pointee.transport.isQuiet { return upstream }
            closeUpstream(upstream)
        }
        return nil
    }

    /// The connection stands, or failed to.
    mutating func upstreamConnected(_ upstream: UpstreamPointer) {
        guard let exchange = upstream.pointee.exchange else { return closeUpstream(upstream) }
        guard let isEstablished = establish(upstream) else { return }
        loop.timers.cancel(upstream.registration)
        guard isEstablished else {
            if failTry(exchange, .connect) { attemptAgain(exchange) }
            return
        }
        report(.connected, exchange)
        if exchange.pointee.isConnection { return join(exchange, upstream) }
        if unsafe exchange.pointee.destination?.shared != nil {
            _ = upstreams.detach(exchange)
            guard start(exchange, on: upstream) else { return }
            upstreams.attach(upstream, to: exchange)
        }
        upstream.pointee.phase = .active
        let client = exchange.pointee.downstream
        let pending = client?.pointee.inbox.bytes ?? ByteSlice()
        let (used, result) = sendRequest(exchange, upstream, pending)
        if let client { discard(used, of: client) }
        guard case .failed(let wasSent) = result else { return }
        if failTry(exchange, .reset(wasSent: wasSent)) { attemptAgain(exchange) }
    }

    // MARK: - Sending

    private enum Sending {
        case sent
        case failed(wasSent: Bool)
        /// The body's framing was wrong: the client has its answer.
        case refused
    }

    /// Sends the head with whatever of the body is there, in one piece; how many bytes of `pending` were used.
    private mutating func sendRequest(
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer,
        _ pending: ByteSlice
    ) -> (used: Int, Sending) {
        forwarding.writeHead(exchange, upstream.pointee.codec, &random, to: &output)
        appendKeptBody(of: exchange, to: upstream)
        guard !exchange.pointee.body.isComplete, let client = exchange.pointee.downstream else {
            guard send(exchange, upstream) else { return (0, .failed(wasSent: false)) }
            exchange.pointee.startTry(loop.now)
            rearm(exchange)
            return (0, .sent)
        }
        let codec = client.pointee.codec
        let isKept = exchange.pointee.body.keptCount > 0
        let form = upstream.pointee.codec.requestForm
        guard let piece = takeBody(exchange, client, pending, as: form) else { return (0, .refused) }
        output.append(piece.bytes)
        if let stream = upstream.pointee.transport.stream { endBody(piece, client, stream) }
        if send(exchange, upstream) {
            if piece.isLast { exchange.pointee.startTry(loop.now) }
            rearm(exchange)
            return (piece.used, .sent)
        }
        // What is kept goes on with the next try. The first piece, where it is not, is taken again.
        if exchange.pointee.body.canBeSentAgain || isKept {
            return (piece.used, .failed(wasSent: !exchange.pointee.body.canBeSentAgain))
        }
        client.pointee.codec = codec
        exchange.pointee.body.isComplete = false
        exchange.pointee.outcome.bytesReceived &-= UInt64(piece.used)
        return (0, .failed(wasSent: false))
    }

    /// Writes what was kept of a body, whose form may be another endpoint's: a mirror's, say.
    private mutating func appendKeptBody(of exchange: ExchangePointer, to upstream: UpstreamPointer) {
        let kept = exchange.pointee.body.keptBytes
        let trailers = exchange.pointee.body.keptTrailers
        let form = upstream.pointee.codec.requestForm
        upstream.pointee.transport.stream?.pointee.ownTrailers.append(trailers)
        guard exchange.pointee.request.head.framing == .chunked, exchange.pointee.body.form != form else {
            return output.append(kept)
        }
        guard form == .data else {
            let isLast = exchange.pointee.body.isComplete
            return output.append(relay.chunk(kept, isLast: isLast, trailers: trailers))
        }
        var reader = BodyReader(.chunked)
        guard let piece = try? relay.data(of: kept, through: &reader, except: .none) else { return }
        output.append(piece.bytes)
        upstream.pointee.transport.stream?.pointee.ownTrailers.append(relay.trailerText)
    }

    /// Sends what was written; `false` when the connection takes nothing.
    private mutating func send(_ exchange: ExchangePointer, _ upstream: UpstreamPointer) -> Bool {
        guard upstreams.send(output.slice, to: upstream) else { return false }
        if let stream = upstream.pointee.transport.stream { wake(stream) }
        exchange.pointee.stage = .sent
        return true
    }

    /// Follows the body through `bytes` and keeps it while it may have to be sent again; what goes on, or `nil` when its
    /// framing was wrong and the client has its answer.
    mutating func takeBody(
        _ exchange: ExchangePointer,
        _ client: DownstreamPointer,
        _ bytes: ByteSlice,
        as form: BodyForm
    ) -> BodyRelay.Piece? {
        let piece: BodyRelay.Piece
        do throws(Rejection) {
            let changes = exchange.pointee.requestEdits
            piece = try client.pointee.codec.readBody(bytes, as: form, &relay, except: changes)
        } catch {
            counters.countRejected()
            reply(exchange, LocalAnswer(error))
            return nil
        }
        exchange.pointee.outcome.bytesReceived &+= UInt64(piece.used)
        let isWanted = exchange.pointee.mayBeSentTwice || exchange.pointee.copyDraw != nil
        exchange.pointee.body.keep(piece.bytes, where: isWanted, as: form, limit: limits.replayBytes)
        if piece.isLast {
            if exchange.pointee.request.head.framing != .chunked || form == .data {
                let trailers = client.pointee.codec.trailers(relay)
                exchange.pointee.body.keep(trailers: trailers, where: isWanted, limit: limits.replayBytes)
            }
            exchange.pointee.requestIsComplete(loop.now, limits)
            if exchange.pointee.copyDraw != nil { makeCopies(of: exchange) }
        }
        return piece
    }

    // MARK: - Failures

    /// A try failed before any answer. `true` asks for another one right now; otherwise one is planned, or the client has its
    /// answer.
    mutating func failTry(_ exchange: ExchangePointer, _ failure: TryFailure) -> Bool {
        let upstream = upstreams.detach(exchange)
        let wasPooled = (upstream?.pointee.served ?? 0) > 0
        if let upstream { closeUpstream(upstream) }
        exchange.pointee.stage = .waiting
        exchange.pointee.deadlines.oneTry = Registration.never
        if !exchange.pointee.claims.isEmpty { upstreams.endClaims(exchange, isLast: false) }
        exchange.pointee.tries.isReplacing = false
        let verdict = exchange.pointee.verdict(on: failure, wasPooled: wasPooled)
        // A connection that had been closed all along says nothing of its endpoint.
        if verdict != .replace { report(failure.report, exchange) }
        switch verdict {
        case .replace:
            exchange.pointee.replaceStale()
            return true
        case .retry where !mayRetry(exchange):
            reply(exchange, LocalAnswer(failure.status, .upstreamOverflow, failure.text))
        case .retry:
            retryLater(exchange, status: failure.status, failure.flag)
        case .giveUp(let hasUsedUpRetries):
            exchange.pointee.outcome.hasUsedUpRetries = hasUsedUpRetries
            reply(exchange, LocalAnswer(failure.status, failure.flag, failure.text))
        }
        return false
    }

    /// Gives the present try up, which ended as is said, and plans the next.
    mutating func retryLater(_ exchange: ExchangePointer, status: Int32, _ flag: ResponseFlag) {
        countFirstTry(exchange, status: status, flag: flag)
        exchange.pointee.outcome.grpcStatus = -1
        exchange.pointee.avoidLastEndpoint()
        avoidLastPriority(exchange)
        if let upstream = upstreams.detach(exchange) { closeUpstream(upstream) }
        if !exchange.pointee.claims.isEmpty { upstreams.endClaims(exchange, isLast: false) }
        exchange.pointee.tries.isReplacing = false
        let backOff = exchange.pointee.nextBackOff(&random)
        exchange.pointee.wait(backOff, loop.now)
        rearm(exchange)
    }

    /// With `retryRemoteLocalities`.
    private mutating func avoidLastPriority(_ exchange: ExchangePointer) {
        guard exchange.pointee.route?.retry.includesRemoteLocalities == true,
            let destination = exchange.pointee.destination, let last = exchange.pointee.tries.lastEndpoint,
            let priority = upstreams.priority(of: last, in: destination)
        else { return }
        exchange.pointee.tries.priorities.insert(priority)
    }
}
