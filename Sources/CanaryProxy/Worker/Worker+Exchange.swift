// SPDX-License-Identifier: Apache-2.0

import CanaryModel

/// The life of an exchange: it begins with a complete head, is routed, attempted and answered, and ends with its
/// answer's last byte.
extension Worker {
    /// Begins a request whose head lies at the start of `bytes`; how many bytes of its body were used.
    mutating func begin(
        _ client: DownstreamPointer,
        _ head: RequestHead,
        _ bytes: UnsafeRawBufferPointer
    ) -> Int {
        guard let generation else {
            refuse(client, status: 503, reason: "no routing table yet")
            return 0
        }
        let headBytes = UnsafeRawBufferPointer(rebasing: bytes[..<head.length])
        let exchange = exchanges.take()
        exchange.initialize(
            to: Exchange(
                downstream: client,
                generation: generation,
                request: head,
                keptHead: blocks.keep(headBytes),
                startedAt: nowNanoseconds
            )
        )
        generation.pointee.exchanges &+= 1
        client.pointee.exchange = exchange
        client.pointee.phase = .exchange
        client.pointee.hasReceivedHeadBytes = false
        exchange.pointee.stallDeadline = now &+ limits.stallTimeout
        guard route(exchange, headBytes) else { return 0 }
        if exchange.pointee.isRequestComplete { requestIsComplete(exchange) }
        rearm(exchange)
        return attempt(exchange, UnsafeRawBufferPointer(rebasing: bytes[head.length...]))
    }

    /// Finds route and destination; `false` when the request was answered instead.
    private mutating func route(_ exchange: ExchangePointer, _ head: UnsafeRawBufferPointer) -> Bool {
        if exchange.pointee.request.method == .connect {
            exchange.pointee.keepsDownstream = false
            reply(exchange, status: 405, flag: .none, body: "")
            return false
        }
        guard prepareFacts(exchange, head) else {
            exchange.pointee.keepsDownstream = false
            reply(exchange, status: 400, flag: .downstreamProtocolError, body: Rejection.badPath.reason)
            return false
        }
        if exchange.pointee.request.hasUnknownExpectation {
            reply(exchange, status: 417, flag: .none, body: "")
            return false
        }
        let table = exchange.pointee.generation.pointee
        let listener = table.listener(exchange.pointee.downstream.pointee.listener)
        let authority = facts.authority
        let found = table.table._withUnsafeGuaranteedRef {
            $0.virtualHost(listener: listener.index, authority: authority)
        }
        guard let host = found else {
            reply(exchange, status: 404, flag: .noRoute, body: "")
            return false
        }
        let authorityPort = Authority.split(facts.authority).port
        facts.port = host.servicePort(authorityPort: authorityPort, listenerPort: listener.requestPort)
        exchange.pointee.servicePort = facts.port
        guard let route = host.route(for: facts) else {
            reply(exchange, status: 404, flag: .noRoute, body: "")
            return false
        }
        exchange.pointee.route = route
        switch route.action {
        case .forward: return assign(exchange, route)
        case .redirect: redirect(exchange, route)
        case .directResponse: answerDirectly(exchange, route)
        }
        return false
    }

    /// Draws the destination. From here on the request counts.
    private mutating func assign(_ exchange: ExchangePointer, _ route: RouteHandle) -> Bool {
        guard let destination = route.destination(for: facts, random: random.next()) else {
            reply(exchange, status: 503, flag: .noCluster, body: "")
            return false
        }
        exchange.pointee.destination = destination
        guard destination.isDefined else {
            count(exchange, destination.counter)
            reply(exchange, status: 503, flag: .noCluster, body: "")
            return false
        }
        return true
    }

    /// Counts a request as assigned; once, however often it is tried.
    mutating func count(_ exchange: ExchangePointer, _ counter: UInt32) {
        guard exchange.pointee.counter == nil else { return }
        exchange.pointee.counter = counter
        counters.countAssigned(counter)
    }

    // MARK: - Facts

    /// Fills `facts` and `requestFields` from a head whose fields were just parsed; `false` when its path is refused.
    mutating func prepareFacts(_ exchange: ExchangePointer, _ head: UnsafeRawBufferPointer) -> Bool {
        let request = exchange.pointee.request
        for index in 0..<requestFields.count {
            let field = requestFields[index]
            headers[index] = RequestHeader(
                name: ByteSlice(head[field.name]),
                value: ByteSlice(head[field.value])
            )
        }
        facts = RequestFacts()
        facts.headers = UnsafeBufferPointer(start: headers, count: requestFields.count)
        facts.method = ByteSlice(head[request.methodName])
        facts.scheme = Self.scheme
        facts.authority = ByteSlice(head[request.authority])
        facts.query = request.query.map { ByteSlice(head[$0]) } ?? ByteSlice()
        facts.version = request.minorVersion == 0 ? .http10 : .http11
        facts.port = exchange.pointee.servicePort
        let peer = exchange.pointee.downstream
        peer.pointee.peer.copy(to: peerText)
        facts.sourceAddress = ByteSlice(
            UnsafeRawBufferPointer(start: peerText, count: peer.pointee.peer.count)
        )
        facts.sourcePort = peer.pointee.peer.port
        facts.startTime = wallMilliseconds
        facts.hostName = hostName.slice
        return normalizePath(head[request.path], request)
    }

    private static var scheme: ByteSlice {
        let text: StaticString = "http"
        return ByteSlice(base: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private mutating func normalizePath(_ raw: UnsafeRawBufferPointer, _ request: RequestHead) -> Bool {
        path.truncate()
        if raw.count == 0 {
            // An absolute-form target without a path.
            path.append(UInt8(ascii: request.method == .options && request.query == nil ? "*" : "/"))
        } else {
            path.append(ByteSlice(raw))
        }
        let memory = UnsafeMutableBufferPointer(start: path.base, count: path.count)
        guard let count = PathNormalization.normalize(memory) else { return false }
        path.truncate(to: count)
        facts.path = path.slice
        return true
    }

    /// Makes `facts` and `requestFields` those of an exchange that began some time ago.
    mutating func restoreFacts(_ exchange: ExchangePointer) {
        let head = exchange.pointee.keptHead.bytes
        var parsed = RequestHead()
        // Parsed before, by the same rules: nothing can be wrong with it now.
        _ = requestParser.parse(head, into: &parsed, fields: &requestFields)
        _ = prepareFacts(exchange, head)
    }

    // MARK: - Progress

    /// The request was received in full: from here on the route's timeout runs.
    mutating func requestIsComplete(_ exchange: ExchangePointer) {
        exchange.pointee.isRequestComplete = true
        exchange.pointee.stallDeadline = now &+ limits.responseTimeout
        guard let route = exchange.pointee.route else { return }
        if route.timeoutMilliseconds > 0 {
            exchange.pointee.routeDeadline = now &+ Int64(route.timeoutMilliseconds)
        }
        startTryTimeout(exchange)
    }

    mutating func startTryTimeout(_ exchange: ExchangePointer) {
        guard let perTry = exchange.pointee.route?.retry.perTryTimeoutMilliseconds, perTry > 0 else { return }
        exchange.pointee.tryDeadline = now &+ Int64(perTry)
    }

    /// Something moved: the exchange has not stalled.
    mutating func renewStall(_ exchange: ExchangePointer) {
        let isUpload = !exchange.pointee.isRequestComplete
        exchange.pointee.stallDeadline = now &+ (isUpload ? limits.stallTimeout : limits.responseTimeout)
        rearm(exchange)
    }

    /// Sets the client's timer to the next deadline of its exchange.
    mutating func rearm(_ exchange: ExchangePointer) {
        timers.set(exchange.pointee.downstream.registration, to: exchange.pointee.nextDeadline)
    }

    // MARK: - Ends

    /// The answer's last byte is out, or on its way.
    mutating func finish(_ exchange: ExchangePointer) {
        let client = exchange.pointee.downstream
        let keeps = exchange.pointee.keepsDownstream && exchange.pointee.isRequestComplete
        let saidLast = exchange.pointee.isRequestComplete && !exchange.pointee.request.keepsAlive
        record(exchange)
        release(exchange)
        guard client.pointee.phase != .closed else { return }
        guard keeps, !isDraining else { return closeAfterSending(client, abruptly: saidLast) }
        client.pointee.phase = .head
        timers.set(client.registration, to: now &+ limits.idleTimeout)
        if !client.pointee.inbox.isEmpty || client.pointee.canRead { makeReady(client) }
    }

    /// The client is gone, or its connection is beyond use.
    mutating func abandon(_ exchange: ExchangePointer) {
        if let upstream = detach(exchange) { closeUpstream(upstream) }
        if exchange.pointee.flag == .none { exchange.pointee.flag = .downstreamConnectionTermination }
        record(exchange)
        release(exchange)
    }

    private mutating func release(_ exchange: ExchangePointer) {
        let generation = exchange.pointee.generation
        exchange.pointee.downstream.pointee.exchange = nil
        blocks.release(&exchange.pointee.keptHead)
        exchange.deinitialize(count: 1)
        exchanges.give(exchange)
        generation.pointee.exchanges &-= 1
        if generation.pointee.exchanges == 0, !generation.pointee.isCurrent { free(generation) }
    }

    private mutating func record(_ exchange: ExchangePointer) {
        if let counter = exchange.pointee.counter {
            counters.countAnswer(
                counter,
                status: exchange.pointee.status,
                flag: exchange.pointee.flag,
                nanoseconds: nowNanoseconds &- exchange.pointee.startedAt
            )
        } else {
            counters.countUnassigned(status: exchange.pointee.status, flag: exchange.pointee.flag)
        }
        if accessLog.isOn { writeLog(exchange) }
    }
}

extension ByteSlice {
    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(base: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count: bytes.count)
    }

    @inline(__always)
    var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
