// SPDX-License-Identifier: Apache-2.0

/// A traffic policy's `outlierDetection`, with Istio's defaults.
package struct OutlierDetection: Hashable, Sendable {
    /// So many errors in a row eject an endpoint; 0 is never.
    package var consecutive5xxErrors: Int
    /// The same for 502, 503 and 504.
    package var consecutiveGatewayErrors: Int
    /// The same for failures to connect, where ``splitsLocalErrors``.
    package var consecutiveLocalOriginFailures: Int
    /// Whether failures to connect are counted apart from answers, instead of as 503.
    package var splitsLocalErrors: Bool
    package var interval: Duration
    package var baseEjectionTime: Duration
    /// Of all endpoints.
    package var maxEjectionPercent: Int
    /// With fewer healthy endpoints in a hundred, all of them get requests.
    package var minHealthPercent: Int
    /// The statuses that count as errors in place of 5xx; empty for those.
    package var errorCodes: [Int]

    init(_ node: Node) {
        func number(_ key: String, _ standard: Int) -> Int {
            node[key]?.integer.map { Int(max($0, 0)) } ?? standard
        }
        consecutive5xxErrors = number("consecutive5xxErrors", 5)
        consecutiveGatewayErrors = number("consecutiveGatewayErrors", 0)
        consecutiveLocalOriginFailures = number("consecutiveLocalOriginFailures", 5)
        splitsLocalErrors = node["splitExternalLocalOriginErrors"]?.bool ?? false
        interval = Duration(node["interval"]) ?? .seconds(10)
        baseEjectionTime = Duration(node["baseEjectionTime"]) ?? .seconds(30)
        let most = number("maxEjectionPercent", 0)
        maxEjectionPercent = most > 0 ? min(most, 100) : 10
        minHealthPercent = min(number("minHealthPercent", 0), 100)
        errorCodes = (node["outlierDetectionHttpErrorCodes"]?.items ?? []).compactMap {
            $0.integer.map { Int($0) }
        }
    }
}
