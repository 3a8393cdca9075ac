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
    /// What of the first step is for warming up.
    package private(set) var warmUp = Duration.zero

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
        let rate = Self.clamped(errorRate)
        let steps = shares.filter(\.isProper).map { share in
            let requests = Self.plannedRequests(.errors, share, rate, rules)
            return Step(share: share, requests: max(requests, minimum))
        }
        self.init(steps: steps, rate, rules, ratios)
    }

    /// What a rollout will do: by evidence a step ends when every metric has its sample and the hold time is over, by the clock with
    /// the hold time. Durations count from the end of the warm-up on, and when it is known what is slow. Steps of copies and
    /// conditions are left out.
    ///
    /// - Parameters:
    ///   - requestsPerSecond: of the route.
    ///   - errorRate: of the stable version.
    package init(
        _ plan: RolloutPlan,
        requestsPerSecond: Double,
        errorRate: Double,
        ratios: [Double] = [2, 5, 10]
    ) {
        let rate = Self.clamped(errorRate)
        let metrics = plan.rules.metrics.filter { $0.isCompared && $0 != .answers }
        var start = DurationStart(plan, requestsPerSecond)
        var steps: [Step] = []
        for step in plan.steps {
            let held = plan.hold(of: step).inSeconds * requestsPerSecond
            guard case .split(let share) = step.setting, share.isProper else {
                start.pass(held, share: .none)
                continue
            }
            var requests = held
            for metric in metrics where plan.ramp == .evidence {
                let sample = Self.plannedRequests(metric, share, rate, plan.rules)
                requests = max(requests, start.requests(until: metric, share) + sample)
            }
            start.pass(requests, share: share)
            steps.append(Step(share: share, requests: requests))
        }
        self.init(steps: steps, rate, plan.rules, ratios)
        if plan.ramp == .evidence, !steps.isEmpty, metrics.contains(where: \.isOfTime) {
            warmUp = max(plan.warmUp, .zero)
        }
    }

    private init(steps: [Step], _ rate: Double, _ rules: JudgeRules, _ ratios: [Double]) {
        let alpha = rules.alpha(of: .errors)
        self.steps = steps
        cases = ratios.map {
            Self.detection(of: PlannedHarm(.errors, stableRate: rate, ratio: $0), $0, steps, alpha)
        }
    }

    private static func clamped(_ errorRate: Double) -> Double { min(max(errorRate, 1e-9), 1) }

    /// Until a canary that is as bad as planned would have been caught in nine of ten cases.
    private static func plannedRequests(_ metric: Metric, _ share: Share, _ rate: Double, _ rules: JudgeRules)
        -> Double
    {
        let harm = PlannedHarm(
            metric,
            stableRate: metric == .errors ? rate : 0,
            ratio: rules.plannedRatio,
            atLeast: metric == .errors ? rules.plannedRate.value : 0
        )
        let estimate = DetectionEstimate(share: share, ratio: harm.ratio, alpha: rules.alpha(of: metric))
        return estimate.ninetieth / harm.eventRate(share)
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

/// How many requests of the route it takes until durations count.
private struct DurationStart {
    /// Of the warm-up, that are left.
    private var warming: Double
    /// Stable's, by which it is known what is slow.
    private var known = 0.0
    private var hasBegun = false

    init(_ plan: RolloutPlan, _ requestsPerSecond: Double) {
        warming = max(plan.warmUp.inSeconds, 0) * requestsPerSecond
    }

    mutating func pass(_ requests: Double, share: Share) {
        warming = max(warming - requests, 0)
        known += requests * (1 - share.value)
        hasBegun = true
    }

    /// From the beginning of a step on.
    func requests(until metric: Metric, _ share: Share) -> Double {
        guard metric.isOfTime else { return 0 }
        // The warm-up begins with the canary's first request.
        let warm = warming > 0 ? warming + (hasBegun ? 0 : 1 / share.value) : 0
        guard case .latency(let quantile) = metric else { return warm }
        return max(warm, (LatencyReference.requests(quantile) - known) / (1 - share.value))
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
