// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// When and how often a request is tried again.
package struct RetryPolicy: BitwiseCopyable {
    /// Envoy's names of `retryOn`, as a set.
    package struct Conditions: OptionSet, BitwiseCopyable, Sendable {
        package let rawValue: UInt32

        package init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        package static let connectFailure = Self(rawValue: 1 << 0)
        package static let refusedStream = Self(rawValue: 1 << 1)
        package static let unavailable = Self(rawValue: 1 << 2)
        package static let cancelled = Self(rawValue: 1 << 3)
        package static let serverError = Self(rawValue: 1 << 4)
        package static let gatewayError = Self(rawValue: 1 << 5)
        package static let reset = Self(rawValue: 1 << 6)
        package static let resetBeforeRequest = Self(rawValue: 1 << 7)
        package static let retriable4xx = Self(rawValue: 1 << 8)
        package static let retriableStatusCodes = Self(rawValue: 1 << 9)
        package static let retriableHeaders = Self(rawValue: 1 << 10)
        package static let envoyRateLimited = Self(rawValue: 1 << 11)
        package static let http3PostConnectFailure = Self(rawValue: 1 << 12)
        package static let deadlineExceeded = Self(rawValue: 1 << 13)
        package static let `internal` = Self(rawValue: 1 << 14)
        package static let resourceExhausted = Self(rawValue: 1 << 15)

        /// Istio's, for a route that names none.
        package static let standard: Self = [.connectFailure, .refusedStream, .unavailable, .cancelled]
    }

    /// Retries after the first try; 0 is none.
    package var attempts: Int32
    /// 0 is none but the route's timeout.
    package var perTryTimeoutMilliseconds: Int32
    package var conditions: Conditions
    /// Statuses that are tried again where ``Conditions/retriableStatusCodes`` is set.
    package var statuses: BorrowedList<Int32>
    /// The base of the exponential back-off with full jitter; its cap is ten times as long.
    package var backoffMilliseconds: Int32
    /// Whether an endpoint that was tried is avoided, where no hash chooses it.
    package var avoidsTriedEndpoints = true
    /// The same where one does: then further positions of its table are tried. Istio does so only where it is told to.
    package var avoidsTriedEndpointsOfHash = false
    /// Whether priorities that were tried are avoided after every second try: ``PriorityLoad``.
    package var includesRemoteLocalities = false

    package static var none: RetryPolicy {
        RetryPolicy(
            attempts: 0,
            perTryTimeoutMilliseconds: 0,
            conditions: [],
            statuses: BorrowedList(),
            backoffMilliseconds: 25
        )
    }
}
