// SPDX-License-Identifier: Apache-2.0

import CanaryRouting

/// What the limits of a destination have exchanges do.
extension Worker {
    /// Serves those that waited for a connection, now that there may be one.
    mutating func serveCalled() {
        while let exchange = upstreams.called.popFirst() {
            let parties = Parties(of: exchange.registration)
            attemptAgain(exchange)
            settle(parties)
        }
    }

    /// Whether the limits let a request go out on its connection, which is kept if they do not.
    mutating func start(_ exchange: ExchangePointer, on upstream: UpstreamPointer) -> Bool {
        guard !exchange.pointee.isConnection, let destination = exchange.pointee.destination,
            let use = destination.sharedUse, !upstreams.start(exchange, destination.limits, use)
        else { return true }
        if upstream.pointee.transport.stream != nil {
            closeUpstream(upstream)
        } else {
            upstreams.keep(upstream, idleTimeout: destination.idleTimeoutMilliseconds, &loop)
        }
        reply(exchange, .overflow)
        return false
    }

    /// Whether the limits of the destination leave room for a retry.
    mutating func mayRetry(_ exchange: ExchangePointer) -> Bool {
        guard let destination = exchange.pointee.destination, let use = destination.sharedUse else {
            return true
        }
        return upstreams.mayRetry(exchange, destination.limits, use)
    }
}
