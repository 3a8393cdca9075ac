// SPDX-License-Identifier: Apache-2.0

/// Why a try came to no answer.
package enum TryFailure: BitwiseCopyable, Sendable {
    /// No connection was made, in time or at all.
    case connect
    /// The connection ended before the answer's head; `wasSent` unless the upstream can't have seen anything of the request.
    case reset(wasSent: Bool)
    /// The head of the answer did not come in the time of one try.
    case timeout
}

/// What became of a try before the client got anything of an answer.
package enum TryOutcome: BitwiseCopyable, Sendable {
    case failed(TryFailure)
    /// An answer: its status, whether it has `x-envoy-ratelimited`, and its `grpc-status` (-1 for none).
    case answer(status: Int32, isRateLimited: Bool, grpcStatus: Int32)
}

extension RetryPolicy {
    /// Whether the policy's conditions ask for another try, whatever its method: Envoy's `RetryStateImpl`. How many there
    /// may be, and whether the body is there to be sent again, is for the caller to compare.
    package func asksForRetry(after outcome: TryOutcome) -> Bool {
        switch outcome {
        case .failed(.connect):
            conditions.containsAny(of: [.connectFailure, .resetBeforeRequest, .ofResets])
        case .failed(.reset(let wasSent)):
            conditions.containsAny(of: wasSent ? .ofResets : [.resetBeforeRequest, .ofResets])
        // Envoy resets the stream whose time is over.
        case .failed(.timeout): conditions.containsAny(of: .ofResets)
        case .answer(let status, let isRateLimited, let grpcStatus):
            isRateLimited
                ? conditions.contains(.envoyRateLimited)
                : asksForRetry(status: status) || asksForRetry(grpcStatus: grpcStatus)
        }
    }

    private func asksForRetry(status: Int32) -> Bool {
        if 500..<600 ~= status, conditions.contains(.serverError) { return true }
        if 502...504 ~= status, conditions.contains(.gatewayError) { return true }
        if status == 409, conditions.contains(.retriable4xx) { return true }
        guard conditions.contains(.retriableStatusCodes) else { return false }
        for listed in statuses where listed == status { return true }
        return false
    }

    private func asksForRetry(grpcStatus: Int32) -> Bool {
        switch grpcStatus {
        case 1: conditions.contains(.cancelled)
        case 4: conditions.contains(.deadlineExceeded)
        case 8: conditions.contains(.resourceExhausted)
        case 13: conditions.contains(.internal)
        case 14: conditions.contains(.unavailable)
        default: false
        }
    }

    /// How long to wait before a retry, in milliseconds; `retry` is 0 for the first.
    ///
    /// Exponential with full jitter, Envoy's `JitteredExponentialBackOffStrategy`: uniform over 0 up to, not including,
    /// base * 2^retry, which is at most ten times the base. `random` must be uniform over all 64-bit values.
    package func backOff(retry: Int, random: UInt64) -> Int32 {
        let base = Int64(max(backoffMilliseconds, 1))
        let interval = min(base << Int64(min(max(retry, 0), 4)), base * 10)
        return Int32(clamping: random.multipliedFullWidth(by: UInt64(interval)).high)
    }

    /// Whether a request may be sent again as Envoy does it: any method, once it has come in full and its body is still
    /// there; one that met no connection has lost nothing of it.
    package func canRepeat(after outcome: TryOutcome, isComplete: Bool, isBodyKept: Bool) -> Bool {
        if case .failed(.connect) = outcome { return isBodyKept }
        return isComplete && isBodyKept
    }
}

extension RetryPolicy.Conditions {
    /// An upstream's reset ends in a 503 of the proxy's own, and so belongs to these.
    fileprivate static let ofResets: Self = [.reset, .serverError, .gatewayError]

    fileprivate func containsAny(of others: Self) -> Bool { !isDisjoint(with: others) }
}
