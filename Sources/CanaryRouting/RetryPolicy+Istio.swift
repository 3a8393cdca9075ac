// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension RetryPolicy {
    /// What a route's `retries` means; without one, Istio's default of two retries where nothing was processed.
    init(_ retries: HTTPRetry?, in arena: RoutingArena) {
        self = .none
        conditions = .standard
        attempts = 2
        guard let retries else { return }
        attempts = Int32(clamping: max(retries.attempts, 0))
        perTryTimeoutMilliseconds = Int32(clamping: retries.perTryTimeout?.milliseconds ?? 0)
        backoffMilliseconds = Int32(clamping: retries.backoff?.milliseconds ?? 25)
        avoidsTriedEndpoints = retries.ignoresPreviousHosts ?? true
        avoidsTriedEndpointsOfHash = retries.ignoresPreviousHosts ?? false
        includesRemoteLocalities = retries.includesRemoteLocalities
        guard let retryOn = retries.retryOn else { return }
        conditions = []
        var codes: [Int32] = []
        for token in retryOn.split(separator: ",") {
            let word = token.filter { $0 != " " }
            if let code = Int32(word) {
                codes.append(code)
                conditions.insert(.retriableStatusCodes)
            } else if let condition = Self.names[word] {
                conditions.insert(condition)
            }
        }
        statuses = arena.store(codes)
    }

    fileprivate static let names: [String: Conditions] = [
        "connect-failure": .connectFailure, "refused-stream": .refusedStream, "unavailable": .unavailable,
        "cancelled": .cancelled, "5xx": .serverError, "gateway-error": .gatewayError, "reset": .reset,
        "reset-before-request": .resetBeforeRequest, "retriable-4xx": .retriable4xx,
        "retriable-status-codes": .retriableStatusCodes, "retriable-headers": .retriableHeaders,
        "envoy-ratelimited": .envoyRateLimited, "http3-post-connect-failure": .http3PostConnectFailure,
        "deadline-exceeded": .deadlineExceeded, "internal": .internal,
        "resource-exhausted": .resourceExhausted,
    ]
}

extension RetryPolicy.Conditions {
    /// Envoy's names, in the order in which they are declared.
    package var words: [String] {
        RetryPolicy.names.filter { contains($0.value) }.sorted { $0.value.rawValue < $1.value.rawValue }.map(
            \.key
        )
    }
}
