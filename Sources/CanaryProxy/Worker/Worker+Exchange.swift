// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The life of an exchange: it begins with a complete head, is routed, attempted and answered, and ends with its
/// answer's last byte.
extension Worker {
    /// Begins a request whose head lies at the start of `bytes`; how many bytes of `body`, what there is of it, were used.
    mutating func begin(
        _ client: DownstreamPointer,
        _ head: RequestHead,
        _ bytes: ByteSlice,
        _ body: ByteSlice
    ) -> Int {
        guard let generation = tables.current else {
            refuse(client, status: 503, reason: "no routing table yet")
            return 0
        }
        client.pointee.codec.begin(head)
        client.pointee.countRequest()
        var request = KeptRequest(
            head,
            of: bytes,
            requestFields,
            from: client.pointee.peer,
            certificate: client.tls?.pointee.peerCertificate.bytes ?? ByteSlice(),
            in: &blocks
        )
        request.facts.startTime = loop.wallMilliseconds
        request.facts.hostName = hostName.slice
        if client.isSecure { request.facts.scheme = ByteSlice("https") }
        let exchange = open(request, from: client, generation)
        client.pointee.exchange = exchange
        client.pointee.phase = .exchange
        client.pointee.hasReceivedHeadBytes = false
        client.pointee.hasBegun = true
        client.pointee.isAwaited = false
        guard route(exchange, from: client, by: generation.pointee) else { return 0 }
        return attempt(exchange, body)
    }

    /// Begins an exchange for a client, or for nobody who waits for its answer.
    mutating func open(
        _ request: KeptRequest,
        from client: DownstreamPointer?,
        _ generation: TableGenerations.Generation,
        isConnection: Bool = false
    ) -> ExchangePointer {
        let exchange = exchanges.take(
            Exchange(
                from: client,
                request,
                generation,
                isConnection: isConnection,
                startedAt: loop.nowNanoseconds
            )
        )
        tables.use(generation)
        exchange.pointee.deadlines.stall = loop.now &+ limits.stallTimeout
        return exchange
    }

    /// Finds route and destination; `false` when the request was answered instead.
    private mutating func route(
        _ exchange: ExchangePointer,
        from client: DownstreamPointer,
        by table: TableGeneration
    ) -> Bool {
        if let refusal = exchange.pointee.request.refusal {
            reply(exchange, refusal)
            return false
        }
        if overload >= .refusingRequests {
            reply(exchange, .overloaded)
            return false
        }
        let listener = table.listener(client.pointee.listener)
        let authority = exchange.pointee.request.facts.authority
        exchange.pointee.request.believe(listener.trust, else: limits.trustedProxies)
        if client.isMisdirected(authority) {
            reply(exchange, LocalAnswer(421, .noRoute))
            return false
        }
        let found = unsafe table.table._withUnsafeGuaranteedRef {
            $0.virtualHost(listener: listener.index, authority: authority)
        }
        guard let host = found else {
            reply(exchange, LocalAnswer(404, .noRoute))
            return false
        }
        exchange.pointee.host = host
        exchange.pointee.request.facts.port = host.servicePort(
            authorityPort: Authority.split(authority).port,
            listenerPort: listener.requestPort
        )
        guard let route = host.route(for: exchange.pointee.request.facts) else {
            reply(exchange, LocalAnswer(404, .noRoute))
            return false
        }
        exchange.pointee.route = route
        if route.intervenes, !intervene(exchange, route) { return false }
        return act(exchange, route)
    }

    /// Does what the route says; `true` when the request is to be forwarded.
    mutating func act(_ exchange: ExchangePointer, _ route: RouteHandle) -> Bool {
        var answer: LocalAnswer
        switch route.action {
        case .forward: return assign(exchange, route)
        case .redirect:
            answer = LocalAnswer(route.redirectStatus)
            answer.hasLocation = true
        case .directResponse:
            answer = LocalAnswer(route.directStatus)
            answer.body = route.directBody
        }
        count(exchange, route.counter)
        reply(exchange, answer)
        return false
    }

    /// Draws the destination. From here on the request counts.
    private mutating func assign(_ exchange: ExchangePointer, _ route: RouteHandle) -> Bool {
        if route.makesCookies { exchange.pointee.request.makeKey(random.next()) }
        let facts = exchange.pointee.request.facts
        var user: UInt64?
        let destination = route.destination(for: facts, random: random.next(), user: &user)
        exchange.pointee.destination = destination
        if route.users != nil { exchange.pointee.outcome.user = DrawnUser(user) }
        guard let destination, destination.isDefined else {
            count(exchange, destination?.counter ?? route.counter)
            reply(exchange, LocalAnswer(503, .noCluster))
            return false
        }
        // What goes nowhere is not copied either, as in Envoy.
        if route.mirrorCount > 0, destination.endpoints.count > 0 { planCopies(of: exchange, route) }
        if exchange.pointee.body.isComplete {
            exchange.pointee.requestIsComplete(loop.now, limits)
            if exchange.pointee.copyDraw != nil { makeCopies(of: exchange) }
        }
        return true
    }

    // MARK: - Deadlines

    /// Something moved: the exchange has not stalled.
    mutating func renewStall(_ exchange: ExchangePointer) {
        exchange.pointee.deadlines.stall = loop.now &+ exchange.pointee.patience(limits)
        rearm(exchange)
    }

    /// Has the exchange be due at the next of its deadlines.
    mutating func rearm(_ exchange: ExchangePointer) {
        loop.timers.set(exchange.registration, to: exchange.pointee.deadlines.next)
    }

    // MARK: - Ends

    /// Answers an exchange; if an answer was begun already, only breaking the connection is left.
    mutating func reply(_ exchange: ExchangePointer, _ given: LocalAnswer) {
        if exchange.pointee.isConnection { return refuse(exchange, given.flag) }
        var answer = given
        if exchange.pointee.request.isGRPC { answer.addressGRPC() }
        if let upstream = upstreams.detach(exchange) { closeUpstream(upstream) }
        exchange.pointee.outcome.flag = answer.flag
        guard !exchange.pointee.hasAnswerBegun else { return breakOff(exchange) }
        exchange.pointee.outcome.status = answer.status
        exchange.pointee.outcome.grpcStatus = answer.grpcStatus
        exchange.pointee.stage = .answering
        guard let client = exchange.pointee.downstream else { return finish(exchange) }
        if answer.isLast || !exchange.pointee.body.isComplete || isLast(client) {
            client.pointee.codec.endAfterExchange()
        }
        if let stream = client.pointee.transport.stream, exchange.pointee.hasShortRestOfBody {
            stream.pointee.waitsForEnd = !stream.pointee.hasEnded
        }
        answering.write(answer, exchange, client.pointee.codec, to: &output)
        exchange.pointee.outcome.bytesSent &+= UInt64(answer.body.count)
        guard send(output.slice, to: client) else { return }
        finish(exchange)
    }

    /// Ends in the midst of an answer, so that the client can tell.
    mutating func breakOff(_ exchange: ExchangePointer) {
        guard let client = exchange.pointee.downstream else { return abandon(exchange) }
        let isUnread = !client.pointee.outbox.isEmpty
        closeClient(client, resets: isUnread || client.pointee.codec.endsByClosing)
    }

    /// The answer's last byte is out, or on its way.
    mutating func finish(_ exchange: ExchangePointer) {
        let client = exchange.pointee.downstream
        let isComplete = exchange.pointee.body.isComplete
        record(exchange)
        release(exchange)
        guard let client, client.pointee.phase != .closed else { return }
        guard isComplete, client.pointee.codec.persists, !mayNotRest(client) else {
            let saidLast = isComplete && client.pointee.codec.saidLast
            return clients.closeAfterSending(client, abruptly: saidLast, &loop)
        }
        clients.rest(client, &loop)
    }

    /// Nobody waits for the answer any more, or it can't be given.
    mutating func abandon(_ exchange: ExchangePointer) {
        // A switched protocol may take an end for a proper one.
        let resets =
            exchange.pointee.stage == .switched && exchange.pointee.outcome.flag != .streamIdleTimeout
        if let upstream = upstreams.detach(exchange) { upstreams.close(upstream, resets: resets, &loop) }
        if exchange.pointee.outcome.flag == .none {
            exchange.pointee.outcome.flag = .downstreamConnectionTermination
        }
        if exchange.pointee.stage == .delayed, let route = exchange.pointee.route {
            count(exchange, route.counter)
        }
        record(exchange)
        release(exchange)
    }

    private mutating func release(_ exchange: ExchangePointer) {
        let routes = exchange.pointee.routes
        if !exchange.pointee.claims.isEmpty { upstreams.endClaims(exchange, isLast: true) }
        exchange.pointee.downstream?.pointee.exchange = nil
        if exchange.pointee.isCopy { copies.remove(exchange) }
        exchange.pointee.request.release(to: &blocks)
        loop.timers.cancel(exchange.registration)
        exchanges.give(exchange)
        letGo(routes)
    }

    /// From here on the exchange needs its host's routes, and nothing else of the table.
    mutating func leaveTable(_ exchange: ExchangePointer) {
        guard let host = exchange.pointee.host else { return }
        let table = exchange.pointee.routes
        exchange.pointee.routes = unsafe .host(host.retain())
        letGo(table)
    }

    /// The same for an answer that takes long, once there is another table. Before the request is complete, copies of it may
    /// still begin.
    mutating func leaveOldTable(_ exchange: ExchangePointer) {
        guard case .table(let generation) = exchange.pointee.routes, !generation.pointee.isCurrent,
            exchange.pointee.body.isComplete
        else { return }
        leaveTable(exchange)
    }

    private mutating func letGo(_ routes: RoutesKeeper) {
        switch routes {
        case .table(let generation): if tables.release(generation) { sweepAfterLettingGo() }
        case .host(let memory):
            unsafe memory.release()
            sweepAfterLettingGo()
        }
    }
}

extension KeptRequest {
    /// The answer to a request that is not even routed.
    fileprivate var refusal: LocalAnswer? {
        if head.method == .connect { return LocalAnswer(405, isLast: true) }
        if !hasValidPath { return LocalAnswer(Rejection.badPath) }
        return head.hasUnknownExpectation ? LocalAnswer(417) : nil
    }
}
