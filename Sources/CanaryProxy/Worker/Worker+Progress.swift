// SPDX-License-Identifier: Apache-2.0

/// Deadlines that bound a lack of progress: whatever moves renews them, and the kernel is asked before one is held against
/// a peer that takes its time.
extension Worker {
    /// Sets a client's timer while no request is under way: what was sent may wait for it, or it may rest.
    mutating func renewTimer(_ client: DownstreamPointer) {
        if let exchange = client.pointee.exchange { return renewStall(exchange) }
        let patience = client.pointee.outbox.isEmpty ? limits.idleTimeout : limits.stallTimeout
        timers.set(client.registration, to: now &+ patience)
    }

    /// Something moved: the exchange has not stalled.
    mutating func renewStall(_ exchange: ExchangePointer) {
        exchange.pointee.stallDeadline = now &+ patience(exchange)
        rearm(exchange)
    }

    /// Sets the client's timer to the next deadline of its exchange.
    mutating func rearm(_ exchange: ExchangePointer) {
        timers.set(exchange.pointee.downstream.registration, to: exchange.pointee.nextDeadline)
    }

    /// How long an exchange may stand still where it is now.
    func patience(_ exchange: ExchangePointer) -> Int64 {
        let client = exchange.pointee.downstream
        if client.pointee.phase == .tunnel {
            let isHalf = client.pointee.hasEnded || exchange.pointee.upstream?.pointee.hasEnded == true
            return isHalf ? limits.stallTimeout : limits.tunnelTimeout
        }
        let awaitsAnswer = exchange.pointee.isRequestComplete && !exchange.pointee.hasResponseBegun
        return awaitsAnswer ? limits.responseTimeout : limits.stallTimeout
    }

    // MARK: - Slow readers

    /// Whether one of both sides takes what was sent to it, though the kernel has had room for no more since.
    mutating func hasPeerTakenMore(_ exchange: ExchangePointer) -> Bool {
        let hasClient = hasTakenMore(exchange.pointee.downstream)
        guard let upstream = exchange.pointee.upstream else { return hasClient }
        let count = Socket.unacknowledged(upstream.pointee.descriptor)
        defer { upstream.pointee.lastUnacknowledged = count }
        return hasClient || count > 0 && count != upstream.pointee.lastUnacknowledged
    }

    /// The kernel holds megabytes for a client, and tells of room only when much of that is gone: a slow reader may not be
    /// heard of for minutes. The first look counts as progress, since there is nothing to compare it with.
    mutating func hasTakenMore(_ client: DownstreamPointer) -> Bool {
        let count = Socket.unacknowledged(client.pointee.descriptor)
        defer { client.pointee.lastUnacknowledged = count }
        return count > 0 && count != client.pointee.lastUnacknowledged
    }

    // MARK: - Clients that end their side

    /// A client that sends no more has left, or has ended its side only and still reads: TCP tells the one from the other
    /// only when something is sent, for then a connection that is gone is reset. A client that said that this was its last
    /// request had reason to end its side; one that did not is given a moment.
    mutating func awaitDeparture(_ exchange: ExchangePointer) {
        guard exchange.pointee.isRequestComplete, exchange.pointee.departureDeadline == Registration.never
        else { return }
        let saidLast = !exchange.pointee.request.keepsAlive
        exchange.pointee.departureDeadline =
            now &+ (saidLast ? limits.halfCloseTimeout : limits.departureTimeout)
        exchange.pointee.sentBeforeDeparture = sentMark(exchange)
        rearm(exchange)
    }

    /// Whether a client that sends no more gave no sign of being there: nothing was sent that it did not reset, and nothing
    /// waits for it. Not asked again, once it has given one.
    mutating func hasDeparted(_ exchange: ExchangePointer) -> Bool {
        exchange.pointee.departureDeadline = Registration.never
        let client = exchange.pointee.downstream
        return sentMark(exchange) == exchange.pointee.sentBeforeDeparture && client.pointee.outbox.isEmpty
            && Socket.unacknowledged(client.pointee.descriptor) == 0
    }

    private func sentMark(_ exchange: ExchangePointer) -> UInt64 {
        exchange.pointee.bytesSent &+ (exchange.pointee.hasResponseBegun ? 1 : 0)
    }
}
