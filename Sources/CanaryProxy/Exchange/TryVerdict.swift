// SPDX-License-Identifier: Apache-2.0

import CanaryRouting

extension TryFailure {
    /// That of the answer that tells the client of it.
    var status: Int32 {
        switch self {
        case .connect, .reset: 503
        case .timeout: 504
        }
    }

    /// What it tells of the endpoint.
    var report: EndpointReport {
        switch self {
        case .connect, .reset: .connectionFailed
        case .timeout: .timedOut
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
    /// The client gets the failure. `hasUsedUpRetries` where there would be another try, had there not been so many.
    case giveUp(hasUsedUpRetries: Bool)
}

extension Exchange {
    /// Whether sending the request again could make sense at all: only then its body is kept.
    var mayBeSentTwice: Bool {
        if request.head.method.isIdempotent { return true }
        guard let policy = route?.retry, policy.attempts > 0, !isCopy else { return false }
        return !policy.conditions.subtracting(.standard).isEmpty
            || !policy.conditions.isDisjoint(with: .ofGRPC) && request.isGRPC
    }

    /// What a failure means; `wasPooled` says that the connection had carried other requests before.
    func verdict(on failure: TryFailure, wasPooled: Bool) -> TryVerdict {
        if case .reset(let wasSent) = failure, wasPooled, canReplaceStale(wasSent: wasSent) {
            return .replace
        }
        return verdict(on: .failed(failure))
    }

    /// A pooled connection that closed before any byte of the answer had probably been closed all along: once, a fresh one
    /// takes its place, within the limits that there are.
    private func canReplaceStale(wasSent: Bool) -> Bool {
        guard !tries.hasReplacedStale else { return false }
        guard wasSent else { return true }
        return request.head.method.isIdempotent && body.canBeSentAgain
    }

    /// What an answer means: most are no reason for another try.
    // Inlined up to here, since a call on a value that cannot be copied has all of it moved to the stack first.
    @inline(__always)
    func verdict(on head: ResponseHead) -> TryVerdict {
        guard head.status >= 400 || head.grpcStatus > 0 || head.isRateLimited else {
            return .giveUp(hasUsedUpRetries: false)
        }
        return verdict(
            on: .answer(
                status: Int32(head.status),
                isRateLimited: head.isRateLimited,
                grpcStatus: head.grpcStatus
            )
        )
    }

    private func verdict(on outcome: TryOutcome) -> TryVerdict {
        guard !isCopy, let policy = route?.retry, policy.attempts > 0, policy.asksForRetry(after: outcome),
            policy.canRepeat(after: outcome, isComplete: body.isComplete, isBodyKept: body.canBeSentAgain)
        else { return .giveUp(hasUsedUpRetries: false) }
        return tries.retries < policy.attempts ? .retry : .giveUp(hasUsedUpRetries: true)
    }

    /// The endpoints that the next try is to go past; `nil` for none.
    var triedEndpoints: TriedEndpoints? {
        guard tries.failed.count > 0 else { return nil }
        let policy = route?.retry
        let avoids =
            destination?.balancing == .hash
            ? policy?.avoidsTriedEndpointsOfHash ?? false : policy?.avoidsTriedEndpoints ?? true
        return avoids ? tries.failed : nil
    }

    /// Has the next try go past the endpoint of the last one, where there are others.
    mutating func avoidLastEndpoint() {
        if let last = tries.lastEndpoint { tries.failed.insert(last) }
    }

    /// A connection that had been closed all along is replaced by a fresh one, at another endpoint where there is one.
    mutating func replaceStale() {
        tries.hasReplacedStale = true
        tries.isReplacing = true
        avoidLastEndpoint()
    }

    /// Milliseconds until the next try, which counts from now on.
    mutating func nextBackOff(_ random: inout RandomSource) -> Int64 {
        defer { tries.retries &+= 1 }
        return Int64(route?.retry.backOff(retry: Int(tries.retries), random: random.next()) ?? 0)
    }
}

extension RetryPolicy.Conditions {
    /// Those that an answer's `grpc-status` fulfils.
    fileprivate static let ofGRPC: Self = [
        .cancelled, .unavailable, .deadlineExceeded, .internal, .resourceExhausted,
    ]
}
