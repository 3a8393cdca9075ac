// SPDX-License-Identifier: Apache-2.0

/// A quantile of stable's own past durations.
package enum LatencyQuantile: Int, Sendable, CaseIterable, Comparable {
    case p50 = 50
    case p90 = 90
    case p99 = 99

    package var part: Double { Double(rawValue) / 100 }

    package static func < (left: LatencyQuantile, right: LatencyQuantile) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What the canary is judged by.
package enum Metric: Hashable, Sendable {
    /// Failed more often than stable.
    case errors
    /// Failed more often than a limit allows, whatever stable does.
    case errorLimit(Share)
    /// Slower than stable's quantile more often than stable itself.
    case latency(LatencyQuantile)
    /// Slower than a fixed time, in milliseconds, more often than stable.
    case latencyLimit(milliseconds: Int)
    /// Requests end at all.
    case answers
}

/// `errors`, `latency-p99`: a name that machines may keep.
extension Metric: CustomStringConvertible {
    package var description: String {
        switch self {
        case .errors: "errors"
        case .errorLimit: "error-limit"
        case .latency(let quantile): "latency-\(quantile)"
        case .latencyLimit: "latency-limit"
        case .answers: "answers"
        }
    }
}

/// What one metric says.
package enum Verdict: Hashable, Sendable {
    case worse
    case fine(FineReason)
    /// How many more requests of the route it will take, as far as that can be told.
    case notEnough(requests: UInt64?)

    package var isFine: Bool {
        if case .fine = self { true } else { false }
    }
}

package enum FineReason: Hashable, Sendable {
    /// It is shown that the ratio, or the rate, is below what would matter.
    case proved
    /// A canary that is worse by the planned ratio would have been caught by now in nine of ten cases.
    case sampled
}
