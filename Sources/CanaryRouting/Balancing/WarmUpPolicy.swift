// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// How the share of a new endpoint grows, for ROUND_ROBIN and LEAST_REQUEST: Envoy's slow start.
package struct WarmUpPolicy: BitwiseCopyable, Sendable, Equatable {
    /// 0 is none.
    package var milliseconds: Int64 = 0
    /// Of the endpoint's weight, 0 to 1.
    package var leastFactor: Double = 0.1
    package var aggression: Double = 1

    package static var none: WarmUpPolicy { WarmUpPolicy() }

    package init() {}

    init(_ policy: TrafficPolicy.WarmUp?) {
        guard let policy else { return }
        milliseconds = Int64(clamping: policy.duration.milliseconds)
        leastFactor = policy.minimumPercent / 100
        aggression = policy.aggression > 0 && policy.aggression.isFinite ? policy.aggression : 1
    }

    /// What the weight of an endpoint is multiplied with that has got requests for `age` milliseconds:
    /// max(least, (age / duration) ^ (1 / aggression)), 1 once it is warm (`EdfLoadBalancerBase::applySlowStartFactor`).
    package func factor(age: Int64) -> Double {
        guard milliseconds > 0, age < milliseconds else { return 1 }
        let time = Double(max(age, 1)) / Double(milliseconds)
        let grown = aggression == 1 ? time : Exponential.of(NaturalLogarithm.of(time) / aggression)
        return max(leastFactor, min(grown, 1))
    }
}

/// e^x from IEEE operations alone, as ``NaturalLogarithm``.
enum Exponential {
    /// x = k ln 2 + r with |r| <= ln 2 / 2, e^r by its Taylor series, whose rest is below 2^-53 after 14 terms.
    static func of(_ x: Double) -> Double {
        guard x > -700 else { return 0 }
        guard x < 700 else { return .infinity }
        let k = (x * 1.4426950408889634).rounded()
        let r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
        var term = 1.0
        var sum = 1.0
        for index in 1...14 {
            term *= r / Double(index)
            sum += term
        }
        return sum * Double(sign: .plus, exponent: Int(k), significand: 1)
    }
}
