// SPDX-License-Identifier: Apache-2.0

/// What a route does with a request.
package enum RouteAction: UInt8, BitwiseCopyable {
    case forward
    case redirect
    case directResponse
}

/// The route that a request takes; valid while its ``RoutingTable`` is kept.
package struct RouteHandle: BitwiseCopyable {
    let entry: UnsafePointer<RouteEntry>

    @inline(__always)
    var record: UnsafePointer<RouteRecord> { entry.pointee.route }

    package var action: RouteAction { record.pointee.action }

    /// The position among the effective routes of its VirtualService (delegates merged in).
    package var index: Int { Int(record.pointee.index) }

    /// Where requests are counted that the proxy answers by itself.
    package var counter: UInt32 { record.pointee.counter }

    /// Covers all tries and starts when the request has been received in full; 0 is none.
    package var timeoutMilliseconds: Int32 { record.pointee.timeoutMilliseconds }

    package var retry: RetryPolicy { record.pointee.retry }

    /// 301 unless given.
    package var redirectStatus: Int32 { record.pointee.redirect.status }

    package var directStatus: Int32 { record.pointee.directStatus }

    /// Missing or empty: no body, no content type.
    package var directBody: ByteSlice { record.pointee.directBody }

    /// Chooses where a forwarded request goes: by an independent draw according to the weights, or, where the traffic
    /// is sticky and the request has the key, by the user.
    ///
    /// `random` must be uniform over all 64-bit values. `nil` for other actions, and for a route whose weights are all zero.
    package func destination(for facts: RequestFacts, random: UInt64) -> DestinationHandle? {
        let route = record
        let destinations = route.pointee.destinations
        guard let first = destinations.baseAddress else { return nil }
        if destinations.count == 1 { return DestinationHandle(first, port: facts.port) }
        guard route.pointee.totalWeight > 0 else { return nil }
        let key = facts.userKey(route.pointee.sticky)
        let index =
            key.isEmpty
            ? WeightedChoice.draw(destinations, total: route.pointee.totalWeight, random: random)
            : WeightedChoice.sticky(destinations, key: key)
        return DestinationHandle(first + index, port: facts.port)
    }

    /// The request's header changes, in the order in which they apply.
    package func requestHeaderEdits(_ destination: DestinationHandle?) -> UnsafeBufferPointer<HeaderEdit> {
        destination?.record.pointee.requestEdits ?? record.pointee.requestEdits
    }

    /// The header changes of every answer on this route, the proxy's own included.
    package func responseHeaderEdits(_ destination: DestinationHandle?) -> UnsafeBufferPointer<HeaderEdit> {
        destination?.record.pointee.responseEdits ?? record.pointee.responseEdits
    }
}

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
    package var statuses: UnsafeBufferPointer<Int32>
    /// The base of the exponential back-off with full jitter; its cap is ten times as long.
    package var backoffMilliseconds: Int32

    package static var none: RetryPolicy {
        RetryPolicy(
            attempts: 0,
            perTryTimeoutMilliseconds: 0,
            conditions: [],
            statuses: UnsafeBufferPointer(start: nil, count: 0),
            backoffMilliseconds: 25
        )
    }
}
