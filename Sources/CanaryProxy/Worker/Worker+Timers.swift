// SPDX-License-Identifier: Apache-2.0

/// What happens when time is up.
extension Worker {
    mutating func fireTimers() {
        while let entry = timers.popDue(now: now) {
            let client = client(of: entry)
            switch entry.pointee.kind {
            case .downstream: clientIsDue(entry.downstream)
            case .upstream: upstreamIsDue(entry.upstream)
            }
            settle(client)
        }
        resumeAcceptingIfDue()
    }

    private mutating func upstreamIsDue(_ upstream: UpstreamPointer) {
        switch upstream.pointee.phase {
        case .idle: closeUpstream(upstream)
        case .connecting:
            guard let exchange = upstream.pointee.exchange else { return closeUpstream(upstream) }
            if failTry(exchange, .connect) { attemptAgain(exchange) }
        case .active, .tunnel, .closed: break
        }
    }

    private mutating func clientIsDue(_ client: DownstreamPointer) {
        switch client.pointee.phase {
        case .head where client.pointee.hasReceivedHeadBytes:
            refuse(client, status: 408, reason: "request timeout")
        case .head where !client.pointee.outbox.isEmpty, .lingering where !client.pointee.outbox.isEmpty:
            if hasTakenMore(client) { renewTimer(client) } else { closeClient(client, resets: true) }
        case .head, .lingering: closeClient(client)
        case .exchange, .tunnel: if let exchange = client.pointee.exchange { exchangeIsDue(exchange) }
        case .closed: break
        }
    }

    private mutating func exchangeIsDue(_ exchange: ExchangePointer) {
        if exchange.pointee.routeDeadline <= now {
            return reply(
                exchange,
                status: 504,
                flag: .upstreamRequestTimeout,
                body: "upstream request timeout"
            )
        }
        if exchange.pointee.departureDeadline <= now, hasDeparted(exchange) {
            return closeClient(exchange.pointee.downstream)
        }
        if exchange.pointee.stallDeadline <= now {
            return hasPeerTakenMore(exchange) ? renewStall(exchange) : giveUpStalled(exchange)
        }
        if exchange.pointee.tryDeadline <= now {
            if failTry(exchange, .timeout) { attemptAgain(exchange) }
            return
        }
        if exchange.pointee.retryAt <= now {
            exchange.pointee.retryAt = Registration.never
            rearm(exchange)
            return attemptAgain(exchange)
        }
        rearm(exchange)
    }

    private mutating func giveUpStalled(_ exchange: ExchangePointer) {
        let client = exchange.pointee.downstream
        if client.pointee.phase == .tunnel {
            exchange.pointee.flag = .streamIdleTimeout
            return closeClient(client)
        }
        // Only a client that the upstream waits for is to blame.
        let status: Int32 = canForwardBody(client) ? 408 : 504
        reply(exchange, status: status, flag: .streamIdleTimeout, body: "stream timeout")
    }
}
