// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// What goes wrong on the way to an answer: another try, or an answer of the proxy's own.
extension Worker {
    enum TryFailure {
        case connect
        /// The connection ended before any byte of the answer; `hasSent` when the upstream may have seen the request.
        case reset(hasSent: Bool)
        case timeout
    }

    /// Whether sending the request again could make sense at all: only then its body is remembered.
    func mayBeSentTwice(_ exchange: ExchangePointer) -> Bool {
        if exchange.pointee.request.method.isIdempotent { return true }
        guard let policy = exchange.pointee.route?.retry, policy.attempts > 0 else { return false }
        return !policy.conditions.subtracting(.standard).isEmpty
    }

    /// A try failed before any answer. `true` asks for another one right now; otherwise one is scheduled, or the client has
    /// its answer.
    mutating func failTry(_ exchange: ExchangePointer, _ failure: TryFailure) -> Bool {
        let upstream = detach(exchange)
        let wasPooled = (upstream?.pointee.served ?? 0) > 0
        if let upstream { closeUpstream(upstream) }
        exchange.pointee.isHeadSent = false
        exchange.pointee.discardsBody = false
        exchange.pointee.tryDeadline = Registration.never
        if case .reset(let hasSent) = failure, wasPooled, canReplaceStale(exchange, hasSent: hasSent) {
            exchange.pointee.hasReplacedStale = true
            return true
        }
        if shouldRetry(exchange, failure) {
            countFirstTry(exchange, endedBy: failure)
            scheduleRetry(exchange)
            return false
        }
        let wasRetried = exchange.pointee.retries > 0
        switch failure {
        case .connect:
            reply(exchange, status: 503, flag: .upstreamConnectionFailure, body: Self.connectionFailure)
        case .reset:
            reply(
                exchange,
                status: 503,
                flag: .upstreamConnectionTermination,
                body: Self.connectionTermination
            )
        case .timeout:
            let flag: ResponseFlag = wasRetried ? .upstreamRetryLimitExceeded : .upstreamRequestTimeout
            reply(exchange, status: 504, flag: flag, body: "upstream request timeout")
        }
        return false
    }

    private func countFirstTry(_ exchange: ExchangePointer, endedBy failure: TryFailure) {
        switch failure {
        case .connect: countFirstTry(exchange, status: 503, flag: .upstreamConnectionFailure)
        case .reset: countFirstTry(exchange, status: 503, flag: .upstreamConnectionTermination)
        case .timeout: countFirstTry(exchange, status: 504, flag: .upstreamRequestTimeout)
        }
    }

    private static var connectionFailure: StaticString {
        "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"
    }

    private static var connectionTermination: StaticString {
        "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
    }

    /// A pooled connection that closed before any byte of the answer had probably been closed all along: once, a fresh one
    /// takes its place.
    private func canReplaceStale(_ exchange: ExchangePointer, hasSent: Bool) -> Bool {
        guard !exchange.pointee.hasReplacedStale else { return false }
        guard hasSent else { return true }
        return exchange.pointee.request.method.isIdempotent && exchange.pointee.canReplay
    }

    // MARK: - The route's retry policy

    private func shouldRetry(_ exchange: ExchangePointer, _ failure: TryFailure) -> Bool {
        guard let policy = retryPolicy(exchange) else { return false }
        switch failure {
        case .connect:
            return !policy.conditions.isDisjoint(with: [.connectFailure, .serverError, .gatewayError, .reset])
        case .reset(let hasSent):
            let conditions: RetryPolicy.Conditions =
                hasSent
                ? [.reset, .serverError, .gatewayError]
                : [.reset, .serverError, .gatewayError, .resetBeforeRequest, .connectFailure]
            return exchange.pointee.canReplay && !policy.conditions.isDisjoint(with: conditions)
        case .timeout:
            return exchange.pointee.canReplay
                && !policy.conditions.isDisjoint(with: [.reset, .serverError, .gatewayError])
        }
    }

    /// Whether an answer of this status is dropped and the request tried again.
    func shouldRetry(_ exchange: ExchangePointer, status: Int) -> Bool {
        guard status >= 400, exchange.pointee.canReplay, let policy = retryPolicy(exchange) else {
            return false
        }
        let conditions = policy.conditions
        if status >= 500, conditions.contains(.serverError) { return true }
        if 502...504 ~= status, conditions.contains(.gatewayError) { return true }
        if status == 409, conditions.contains(.retriable4xx) { return true }
        guard conditions.contains(.retriableStatusCodes) else { return false }
        return policy.statuses.contains(Int32(status))
    }

    private func retryPolicy(_ exchange: ExchangePointer) -> RetryPolicy? {
        guard let policy = exchange.pointee.route?.retry, exchange.pointee.retries < policy.attempts else {
            return nil
        }
        return policy
    }

    /// Gives the present try up and plans the next: exponential back-off with full jitter, at most ten times the base.
    mutating func scheduleRetry(_ exchange: ExchangePointer) {
        if let upstream = detach(exchange) { closeUpstream(upstream) }
        let base = UInt64(max(exchange.pointee.route?.retry.backoffMilliseconds ?? 25, 1))
        let doublings = UInt64(min(exchange.pointee.retries, 10))
        let longest = min(base << doublings, base * 10)
        exchange.pointee.retries &+= 1
        exchange.pointee.isHeadSent = false
        exchange.pointee.tryDeadline = Registration.never
        exchange.pointee.retryAt = now &+ Int64(random.next(below: longest + 1))
        rearm(exchange)
    }

    // MARK: - The proxy's own answers

    /// Answers an exchange; if an answer was begun already, only breaking the connection is left.
    mutating func reply(
        _ exchange: ExchangePointer,
        status: Int32,
        flag: ResponseFlag,
        body: StaticString,
        location: Bool = false
    ) {
        let text = ByteSlice(base: body.utf8Start, count: body.utf8CodeUnitCount)
        reply(exchange, status: status, flag: flag, body: text, location: location)
    }

    mutating func reply(
        _ exchange: ExchangePointer,
        status: Int32,
        flag: ResponseFlag,
        body: ByteSlice,
        location: Bool = false
    ) {
        if let upstream = detach(exchange) { closeUpstream(upstream) }
        exchange.pointee.flag = flag
        let client = exchange.pointee.downstream
        guard !exchange.pointee.hasResponseBegun else { return breakOff(exchange) }
        exchange.pointee.status = status
        exchange.pointee.hasResponseBegun = true
        if !exchange.pointee.isRequestComplete { exchange.pointee.keepsDownstream = false }
        writeLocalReply(exchange, body: body, location: location)
        exchange.pointee.bytesSent &+= UInt64(body.count)
        guard send(output.slice.raw, to: client) else { return }
        finish(exchange)
    }

    mutating func redirect(_ exchange: ExchangePointer, _ route: RouteHandle) {
        reply(exchange, status: route.redirectStatus, flag: .none, body: "", location: true)
    }

    mutating func answerDirectly(_ exchange: ExchangePointer, _ route: RouteHandle) {
        reply(exchange, status: route.directStatus, flag: .none, body: route.directBody)
    }

    /// Answers a head that could not be read, and closes.
    mutating func refuse(_ client: DownstreamPointer, status: Int, reason: StaticString) {
        writeRefusal(status: status, reason: reason)
        counters.countLocal(status: Int32(status), flag: .downstreamProtocolError)
        guard send(output.slice.raw, to: client) else { return }
        closeAfterSending(client)
    }
}
