// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// When an endpoint is ejected for its errors, and for how long: the compiled form of `outlierDetection`.
package struct OutlierPolicy: BitwiseCopyable, Sendable {
    /// Whether there is such a block; without it nothing is ejected.
    package var isOn = false
    /// Errors in a row; 0 is never.
    package var consecutive5xx: UInt32 = 0
    package var consecutiveGatewayErrors: UInt32 = 0
    package var consecutiveLocalFailures: UInt32 = 0
    package var splitsLocalErrors = false
    package var intervalMilliseconds: Int64 = 10_000
    package var baseEjectionMilliseconds: Int64 = 30_000
    package var maxEjectionPercent: UInt32 = 10
    /// 0: without a healthy endpoint the answer is 503, instead of panic.
    package var minHealthPercent: UInt32 = 0
    /// Those that count as errors in place of 5xx; `nil` for those.
    private var errorCodes: StatusSet?

    /// Envoy's default, which istiod leaves as it is.
    private static let leastMaxEjectionMilliseconds: Int64 = 300_000

    package static var none: OutlierPolicy { OutlierPolicy() }

    init() {}

    init(_ policy: OutlierDetection?) {
        guard let policy else { return }
        isOn = true
        consecutive5xx = UInt32(clamping: policy.consecutive5xxErrors)
        consecutiveGatewayErrors = UInt32(clamping: policy.consecutiveGatewayErrors)
        splitsLocalErrors = policy.splitsLocalErrors
        consecutiveLocalFailures =
            splitsLocalErrors ? UInt32(clamping: policy.consecutiveLocalOriginFailures) : 0
        intervalMilliseconds = max(Int64(clamping: policy.interval.milliseconds), 1)
        baseEjectionMilliseconds = max(Int64(clamping: policy.baseEjectionTime.milliseconds), 1)
        maxEjectionPercent = UInt32(clamping: policy.maxEjectionPercent)
        minHealthPercent = UInt32(clamping: policy.minHealthPercent)
        if !policy.errorCodes.isEmpty { errorCodes = StatusSet(policy.errorCodes) }
    }

    /// How long an ejection lasts, by how often the endpoint was ejected lately; five minutes or the base at most.
    func ejectionMilliseconds(times: UInt32) -> Int64 {
        let longest = max(Self.leastMaxEjectionMilliseconds, baseEjectionMilliseconds)
        let (time, hasOverflown) = baseEjectionMilliseconds.multipliedReportingOverflow(by: Int64(times))
        return hasOverflown ? longest : min(time, longest)
    }

    /// Whether one more of `count` endpoints may be ejected while `ejected` are.
    func mayEject(ejected: Int, of count: Int) -> Bool {
        count > 0 && 100 * (ejected + 1) <= Int(maxEjectionPercent) * count
    }

    /// Whether a status counts as an error, and whether as one of a gateway. Listed codes are no gateway errors, since Envoy
    /// hands them on as a plain failure.
    func classify(_ status: Int32) -> (isError: Bool, isGatewayError: Bool) {
        if let errorCodes { return (errorCodes.contains(status), false) }
        return (500..<600 ~= status, 502...504 ~= status)
    }
}

/// Some statuses from 100 to 599.
struct StatusSet: BitwiseCopyable, Sendable {
    private var bits: InlineArray<8, UInt64> = .init(repeating: 0)

    init(_ statuses: [Int]) {
        for status in statuses where 100..<600 ~= status {
            bits[(status - 100) / 64] |= 1 << UInt64((status - 100) % 64)
        }
    }

    func contains(_ status: Int32) -> Bool {
        guard 100..<600 ~= status else { return false }
        return bits[Int(status - 100) / 64] & 1 << UInt64((status - 100) % 64) != 0
    }
}

/// What a request learnt of an endpoint.
package enum EndpointReport: BitwiseCopyable, Sendable {
    case connected
    /// No connection was made, or it ended before the answer.
    case connectionFailed
    /// The answer did not come in time.
    case timedOut
    case answered(status: Int32)
}

/// An endpoint's errors in a row: Envoy's `DetectorHostMonitorImpl`. Whoever counts for several workers does it under one lock.
struct EndpointErrors: BitwiseCopyable, Sendable, Equatable {
    /// What makes an endpoint an outlier.
    struct Kinds: OptionSet, BitwiseCopyable, Sendable {
        let rawValue: UInt8

        init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        static let serverErrors = Self(rawValue: 1)
        static let gatewayErrors = Self(rawValue: 2)
        static let localFailures = Self(rawValue: 4)
    }

    private var server: UInt32 = 0
    private var gateway: UInt32 = 0
    private var local: UInt32 = 0

    init() {}

    /// Counts a report. What makes the endpoint an outlier by it: those kinds begin to be counted anew, so that as many errors
    /// again are needed where it can't be ejected.
    mutating func count(_ report: EndpointReport, _ policy: OutlierPolicy) -> Kinds {
        switch report {
        case .connected:
            if policy.splitsLocalErrors { local = 0 }
            return []
        // A failure of the proxy's own is an error whatever the list of codes says.
        case .connectionFailed, .timedOut:
            return policy.splitsLocalErrors ? countLocal(policy) : count((true, true), policy)
        case .answered(let status):
            if policy.splitsLocalErrors { local = 0 }
            return count(policy.classify(status), policy)
        }
    }

    private mutating func countLocal(_ policy: OutlierPolicy) -> Kinds {
        local &+= 1
        guard local == policy.consecutiveLocalFailures else { return [] }
        local = 0
        return .localFailures
    }

    private mutating func count(_ found: (isError: Bool, isGatewayError: Bool), _ policy: OutlierPolicy)
        -> Kinds
    {
        guard found.isError else {
            server = 0
            gateway = 0
            return []
        }
        var kinds: Kinds = []
        gateway = found.isGatewayError ? gateway &+ 1 : 0
        if gateway > 0, gateway == policy.consecutiveGatewayErrors {
            gateway = 0
            kinds.insert(.gatewayErrors)
        }
        server &+= 1
        if server == policy.consecutive5xx {
            server = 0
            kinds.insert(.serverErrors)
        }
        return kinds
    }
}
