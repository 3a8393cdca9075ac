// SPDX-License-Identifier: Apache-2.0

/// What happens when time is up.
extension Worker {
    mutating func fireTimers() {
        while let entry = timers.popDue(now: now) {
            switch entry.pointee.kind {
            case .downstream: clientIsDue(entry.downstream)
            case .upstream: upstreamIsDue(entry.upstream)
            }
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
        case .head, .lingering, .tunnel: closeClient(client)
        case .exchange: if let exchange = client.pointee.exchange { exchangeIsDue(exchange) }
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
        if exchange.pointee.stallDeadline <= now { return giveUpStalled(exchange) }
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
        if exchange.pointee.isRequestComplete {
            reply(exchange, status: 504, flag: .streamIdleTimeout, body: "stream timeout")
        } else {
            reply(exchange, status: 408, flag: .streamIdleTimeout, body: "stream timeout")
        }
    }
}
