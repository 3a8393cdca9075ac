// SPDX-License-Identifier: Apache-2.0

import CanaryRouting

/// What happens when time is up.
extension Worker {
    mutating func fireTimers() {
        while let entry = loop.timers.popDue(now: loop.now) {
            let parties = Parties(of: entry)
            switch entry.pointee.kind {
            case .downstream: clientIsDue(entry.downstream)
            case .upstream: upstreamIsDue(entry.upstream)
            case .exchange: exchangeIsDue(entry.exchange)
            }
            settle(parties)
        }
        acceptor.resumeIfDue(&loop)
    }

    mutating func clientIsDue(_ client: DownstreamPointer) {
        switch client.pointee.phase {
        case .head where client.pointee.hasReceivedHeadBytes:
            refuse(client, status: 408, reason: "request timeout")
        case .lingering where clients.letAnswerGo(client, &loop): break
        case .head where !client.pointee.outbox.isEmpty, .lingering where !client.pointee.outbox.isEmpty:
            if client.hasTakenMore() {
                clients.renewTimer(client, &loop)
            } else {
                closeClient(client, resets: true)
            }
        case .head, .lingering: closeClient(client)
        case .multiplexed: sessionIsDue(client)
        case .opening: failOpening(client)
        // The exchange has deadlines of its own.
        case .exchange, .tunnel, .closed: break
        }
    }

    private mutating func exchangeIsDue(_ exchange: ExchangePointer) {
        while true {
            switch exchange.pointee.deadlines.due(loop.now) {
            case .lifetime: return expire(exchange)
            case .route:
                if exchange.pointee.stage == .sent { report(.timedOut, exchange) }
                return reply(exchange, LocalAnswer(504, .upstreamRequestTimeout, "upstream request timeout"))
            case .departure:
                if exchange.pointee.hasDeparted() { return abandonClient(of: exchange) }
            case .stall:
                return exchange.pointee.hasPeerTakenMore() ? renewStall(exchange) : giveUpStalled(exchange)
            case .oneTry:
                if failTry(exchange, .timeout) { attemptAgain(exchange) }
                return
            case .resume:
                exchange.pointee.deadlines.resume = Registration.never
                rearm(exchange)
                return exchange.pointee.stage == .delayed ? letGo(exchange) : attemptAgain(exchange)
            case .nothing: return rearm(exchange)
            }
        }
    }

    private mutating func abandonClient(of exchange: ExchangePointer) {
        if let client = exchange.pointee.downstream { closeClient(client) } else { abandon(exchange) }
    }

    /// A TCP connection has lived as long as it may: both sides are ended.
    private mutating func expire(_ exchange: ExchangePointer) {
        exchange.pointee.outcome.flag = .durationTimeout
        if let upstream = upstreams.detach(exchange) { closeUpstream(upstream) }
        abandonClient(of: exchange)
    }

    private mutating func giveUpStalled(_ exchange: ExchangePointer) {
        if exchange.pointee.stage == .switched {
            exchange.pointee.outcome.flag = .streamIdleTimeout
            return abandonClient(of: exchange)
        }
        // Only a client that the upstream waits for is to blame.
        let status: Int32 = exchange.takesBody ? 408 : 504
        reply(exchange, LocalAnswer(status, .streamIdleTimeout, "stream timeout"))
    }
}
