// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Why a try came to no answer.
enum TryFailure {
    case connect
    /// The connection ended before any byte of the answer; `hasSent` when the upstream may have seen the request.
    case reset(hasSent: Bool)
    case timeout

    var status: Int32 {
        switch self {
        case .connect, .reset: 503
        case .timeout: 504
        }
    }

    var flag: ResponseFlag {
        switch self {
        case .connect: .upstreamConnectionFailure
        case .reset: .upstreamConnectionTermination
        case .timeout: .upstreamRequestTimeout
        }
    }

    var text: StaticString {
        switch self {
        case .connect:
            "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"
        case .reset:
            "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
        case .timeout: "upstream request timeout"
        }
    }
}

/// What becomes of an exchange when a try failed before any answer.
enum TryVerdict: Equatable {
    /// Another connection takes the place of one that had been closed all along.
    case replace
    /// The route's policy asks for another try.
    case retry
    /// The client gets the failure.
    case giveUp(ResponseFlag)
}

extension Exchange {
    /// Whether sending the request again could make sense at all: only then its body is kept.
    var mayBeSentTwice: Bool {
        if request.head.method.isIdempotent { return true }
        guard let policy = route?.retry, policy.attempts > 0 else { return false }
        return !policy.conditions.subtracting(.standard).isEmpty
    }

    /// What a failure means; `wasPooled` says that the connection had carried other requests before.
    func verdict(on failure: TryFailure, wasPooled: Bool) -> TryVerdict {
        if case .reset(let hasSent) = failure, wasPooled, canReplaceStale(hasSent: hasSent) {
            return .replace
        }
        if shouldRetry(failure) { return .retry }
        guard case .timeout = failure, tries.retries > 0 else { return .giveUp(failure.flag) }
        return .giveUp(.upstreamRetryLimitExceeded)
    }

    /// A pooled connection that closed before any byte of the answer had probably been closed all along: once, a fresh one
    /// takes its place.
    private func canReplaceStale(hasSent: Bool) -> Bool {
        guard !tries.hasReplacedStale else { return false }
        guard hasSent else { return true }
        return request.head.method.isIdempotent && body.canBeSentAgain
    }

    private func shouldRetry(_ failure: TryFailure) -> Bool {
        guard let policy = retryPolicy else { return false }
        switch failure {
        case .connect:
            return !policy.conditions.isDisjoint(with: [.connectFailure, .serverError, .gatewayError, .reset])
        case .reset(let hasSent):
            let conditions: RetryPolicy.Conditions =
                hasSent
                ? [.reset, .serverError, .gatewayError]
                : [.reset, .serverError, .gatewayError, .resetBeforeRequest, .connectFailure]
            return body.canBeSentAgain && !policy.conditions.isDisjoint(with: conditions)
        case .timeout:
            return body.canBeSentAgain
                && !policy.conditions.isDisjoint(with: [.reset, .serverError, .gatewayError])
        }
    }

    /// Whether an answer of this status is dropped and the request tried again.
    func shouldRetry(status: Int) -> Bool {
        guard status >= 400, body.canBeSentAgain, let policy = retryPolicy else { return false }
        let conditions = policy.conditions
        if status >= 500, conditions.contains(.serverError) { return true }
        if 502...504 ~= status, conditions.contains(.gatewayError) { return true }
        if status == 409, conditions.contains(.retriable4xx) { return true }
        guard conditions.contains(.retriableStatusCodes) else { return false }
        return policy.statuses.contains(Int32(status))
    }

    private var retryPolicy: RetryPolicy? {
        guard let policy = route?.retry, tries.retries < policy.attempts else { return nil }
        return policy
    }

    /// Milliseconds until the next try, which counts from now on: exponential back-off with full jitter, at most ten times
    /// the base.
    mutating func nextBackOff(_ random: inout RandomSource) -> Int64 {
        let base = UInt64(max(route?.retry.backoffMilliseconds ?? 25, 1))
        let longest = min(base << UInt64(min(tries.retries, 10)), base * 10)
        tries.retries &+= 1
        return Int64(random.next(below: longest + 1))
    }
}
