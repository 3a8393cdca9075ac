// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

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
        let kept = keep(head, bytes, of: client)
        let exchange = exchanges.take()
        exchange.initialize(
            to: Exchange(downstream: client, generation: generation, kept: kept, startedAt: nowNanoseconds)
        )
        generation.pointee.exchanges &+= 1
        client.pointee.exchange = exchange
        client.pointee.phase = .exchange
        client.pointee.hasReceivedHeadBytes = false
        exchange.pointee.stallDeadline = now &+ limits.stallTimeout
        guard route(exchange) else { return 0 }
        if exchange.pointee.isRequestComplete { requestIsComplete(exchange) }
        rearm(exchange)
        return attempt(exchange, UnsafeRawBufferPointer(rebasing: bytes[head.length...]))
    }

    /// Copies a head that was just parsed to where it stays as long as its exchange.
    private mutating func keep(
        _ head: RequestHead,
        _ bytes: UnsafeRawBufferPointer,
        of client: DownstreamPointer
    ) -> KeptRequest {
        var kept = KeptRequest(head, of: bytes, requestFields, from: client.pointee.peer, in: &blocks)
        kept.facts.startTime = wallMilliseconds
        kept.facts.hostName = hostName.slice
        return kept
    }

    /// Finds route and destination; `false` when the request was answered instead.
    private mutating func route(_ exchange: ExchangePointer) -> Bool {
        if exchange.pointee.request.method == .connect {
            exchange.pointee.keepsDownstream = false
            reply(exchange, status: 405, flag: .none, body: "")
            return false
        }
        guard exchange.pointee.kept.hasValidPath else {
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
        let authority = exchange.pointee.kept.facts.authority
        let found = table.table._withUnsafeGuaranteedRef {
            $0.virtualHost(listener: listener.index, authority: authority)
        }
        guard let host = found else {
            reply(exchange, status: 404, flag: .noRoute, body: "")
            return false
        }
        exchange.pointee.kept.facts.port = host.servicePort(
            authorityPort: Authority.split(authority).port,
            listenerPort: listener.requestPort
        )
        guard let route = host.route(for: exchange.pointee.kept.facts) else {
            reply(exchange, status: 404, flag: .noRoute, body: "")
            return false
        }
        exchange.pointee.route = route
        switch route.action {
        case .forward: return assign(exchange, route)
        case .redirect:
            count(exchange, route.counter)
            redirect(exchange, route)
        case .directResponse:
            count(exchange, route.counter)
            answerDirectly(exchange, route)
        }
        return false
    }

    /// Draws the destination. From here on the request counts.
    private mutating func assign(_ exchange: ExchangePointer, _ route: RouteHandle) -> Bool {
        let facts = exchange.pointee.kept.facts
        guard let destination = route.destination(for: facts, random: random.next()) else {
            count(exchange, route.counter)
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
        guard exchange.pointee.counter == nil, counter != CounterRegistry.none else { return }
        exchange.pointee.counter = counter
        counters.countAssigned(counter)
    }

    /// Counts how the first try ended of a request that is about to be tried again.
    func countFirstTry(_ exchange: ExchangePointer, status: Int32, flag: ResponseFlag) {
        guard exchange.pointee.retries == 0, let counter = exchange.pointee.counter else { return }
        let duration = nowNanoseconds &- exchange.pointee.startedAt
        counters.countFirstTry(counter, status: status, flag: flag, nanoseconds: duration)
    }

    // MARK: - Progress

    /// The request was received in full: from here on the route's timeout runs.
    mutating func requestIsComplete(_ exchange: ExchangePointer) {
        exchange.pointee.isRequestComplete = true
        exchange.pointee.stallDeadline = now &+ patience(exchange)
        if exchange.pointee.downstream.pointee.isEnding { awaitDeparture(exchange) }
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

    // MARK: - Ends

    /// The answer's last byte is out, or on its way.
    mutating func finish(_ exchange: ExchangePointer) {
        let client = exchange.pointee.downstream
        let keeps = exchange.pointee.keepsDownstream && exchange.pointee.isRequestComplete
        let saidLast = exchange.pointee.isRequestComplete && !exchange.pointee.request.keepsAlive
        record(exchange)
        release(exchange)
        guard client.pointee.phase != .closed else { return }
        guard keeps, !isLeaving(client) else { return closeAfterSending(client, abruptly: saidLast) }
        client.pointee.phase = .head
        renewTimer(client)
    }

    /// The client is gone, or its connection is beyond use.
    mutating func abandon(_ exchange: ExchangePointer) {
        if let upstream = detach(exchange) {
            // A switched protocol may take an end for a proper one.
            if upstream.pointee.phase == .tunnel, exchange.pointee.flag != .streamIdleTimeout {
                Socket.resetsWhenClosed(upstream.pointee.descriptor)
            }
            closeUpstream(upstream)
        }
        if exchange.pointee.flag == .none { exchange.pointee.flag = .downstreamConnectionTermination }
        record(exchange)
        release(exchange)
    }

    private mutating func release(_ exchange: ExchangePointer) {
        let generation = exchange.pointee.generation
        exchange.pointee.downstream.pointee.exchange = nil
        exchange.pointee.kept.release(to: &blocks)
        exchange.deinitialize(count: 1)
        exchanges.give(exchange)
        generation.pointee.exchanges &-= 1
        if generation.pointee.exchanges == 0, !generation.pointee.isCurrent { free(generation) }
    }

    private mutating func record(_ exchange: ExchangePointer) {
        let status = exchange.pointee.status
        let flag = exchange.pointee.flag
        // What a switched connection does afterwards is no request's duration.
        let duration = (exchange.pointee.switchedAt ?? nowNanoseconds) &- exchange.pointee.startedAt
        if let counter = exchange.pointee.counter {
            counters.countEnd(
                counter,
                status: status,
                flag: flag,
                nanoseconds: duration,
                isRetried: exchange.pointee.retries > 0
            )
        } else {
            counters.countLocal(status: status, flag: flag, nanoseconds: duration)
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
