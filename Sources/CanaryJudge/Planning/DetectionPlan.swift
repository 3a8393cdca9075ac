// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a judge will do with a traffic, before it begins.
package struct DetectionPlan: Sendable, Equatable {
    /// A canary that is so many times as bad.
    package struct Case: Sendable, Equatable {
        package var ratio: Double
        /// Requests of the route until the alarm, in half of the cases and in nine of ten; `nil` where the steps end before.
        package var medianRequests: Double?
        package var ninetiethRequests: Double?
        /// Requests that the canary had until then, and those of them that it failed.
        package var canaryRequests: Double
        package var affectedRequests: Double
        /// The step at whose share half of the cases are caught.
        package var step: Int?
    }

    package struct Step: Sendable, Equatable {
        package var share: Share
        /// Requests of the route until a healthy canary has passed the step.
        package var requests: Double
    }

    package var cases: [Case]
    package var steps: [Step]

    /// Of a healthy canary from the first step to the last.
    package var healthyRequests: Double { steps.reduce(0) { $0 + $1.requests } }

    /// - Parameters:
    ///   - shares: of the steps, in their order; those of nobody and of everybody take no time.
    ///   - errorRate: of the stable version.
    ///   - minimum: requests that each step takes at least, for its hold time.
    package init(
        shares: [Share],
        errorRate: Double,
        rules: JudgeRules = JudgeRules(),
        ratios: [Double] = [2, 5, 10],
        minimum: Double = 0
    ) {
        let rate = min(max(errorRate, 1e-9), 1)
        let alpha = rules.alpha(of: .errors)
        steps = shares.filter(\.isProper).map { share in
            let harm = PlannedHarm(
                .errors,
                stableRate: rate,
                ratio: rules.plannedRatio,
                atLeast: rules.plannedRate.value
            )
            let estimate = DetectionEstimate(share: share, ratio: harm.ratio, alpha: alpha)
            return Step(share: share, requests: max(estimate.ninetieth / harm.eventRate(share), minimum))
        }
        let steps = steps
        cases = ratios.map {
            Self.detection(
                of: PlannedHarm(.errors, stableRate: rate, ratio: $0),
                $0,
                steps,
                alpha
            )
        }
    }

    /// Walks through the steps: each brings its requests' part of the way to the alarm.
    private static func detection(of effect: PlannedHarm, _ ratio: Double, _ steps: [Step], _ alpha: Double)
        -> Case
    {
        var found = Case(ratio: ratio, canaryRequests: 0, affectedRequests: 0)
        var requests = 0.0
        var median = 0.0
        var ninetieth = 0.0
        for (index, step) in steps.enumerated() {
            let time = Self.requests(effect, step.share, alpha)
            if found.medianRequests == nil {
                let own = min(step.requests, (1 - median) * time.median)
                found.canaryRequests += own * step.share.value
                median += step.requests / time.median
                if median >= 1 { (found.medianRequests, found.step) = (requests + own, index) }
            }
            let own = (1 - ninetieth) * time.ninetieth
            ninetieth += step.requests / time.ninetieth
            if ninetieth >= 1 {
                found.ninetiethRequests = requests + own
                break
            }
            requests += step.requests
        }
        found.affectedRequests = found.canaryRequests * effect.canaryRate
        return found
    }

    /// Requests until the alarm at one share, exactly where that does not take too long.
    private static func requests(_ effect: PlannedHarm, _ share: Share, _ alpha: Double)
        -> (median: Double, ninetieth: Double)
    {
        let rate = effect.eventRate(share)
        let exact = DetectionTime(share: share, ratio: effect.ratio, alpha: alpha, until: 0.9)
        let estimate = DetectionEstimate(share: share, ratio: effect.ratio, alpha: alpha)
        return (
            (exact.median.map(Double.init) ?? estimate.mean) / rate,
            (exact.ninetieth.map(Double.init) ?? estimate.ninetieth) / rate
        )
    }
}
