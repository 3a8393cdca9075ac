// SPDX-License-Identifier: Apache-2.0

/// What becomes of a recommendation under an autoscaler's bounds and policies.
struct ScalingLimit: Equatable {
    var replicas: Int
    var reason: AutoscalerCondition.Reason

    /// Without `behavior`: up to twice the replicas at once, or four.
    init(_ desired: Int, current: Int, _ spec: AutoscalerSpec) {
        let rate = max(2 * current, 4)
        let isRate = spec.maxReplicas > rate
        let most = isRate ? rate : spec.maxReplicas
        if desired < spec.minReplicas {
            (replicas, reason) = (spec.minReplicas, .tooFewReplicas)
        } else if desired > most {
            (replicas, reason) = (most, isRate ? .scaleUpLimit : .tooManyReplicas)
        } else {
            (replicas, reason) = (desired, .desiredWithinRange)
        }
    }

    init(
        _ desired: Int,
        current: Int,
        _ spec: AutoscalerSpec,
        _ behavior: AutoscalerSpec.Behavior,
        _ history: ScaleHistory,
        at now: TimePoint
    ) {
        (replicas, reason) = (desired, .desiredWithinRange)
        if desired > current {
            let rate = history.mostReplicas(from: current, behavior.scaleUp, at: now)
            let isRate = spec.maxReplicas > rate
            let most = isRate ? rate : spec.maxReplicas
            if desired > most { (replicas, reason) = (most, isRate ? .scaleUpLimit : .tooManyReplicas) }
        } else if desired < current {
            let rate = history.fewestReplicas(from: current, behavior.scaleDown, at: now)
            let isRate = spec.minReplicas < rate
            let fewest = isRate ? rate : spec.minReplicas
            if desired < fewest { (replicas, reason) = (fewest, isRate ? .scaleDownLimit : .tooFewReplicas) }
        }
    }
}
