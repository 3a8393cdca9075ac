// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What a HorizontalPodAutoscaler asks for, of autoscaling/v1 or v2, with the defaults filled in.
package struct AutoscalerSpec: Sendable {
    package struct Behavior: Hashable, Sendable {
        package var scaleUp: ScalingRules
        package var scaleDown: ScalingRules

        package init(scaleUp: ScalingRules = .usualUp, scaleDown: ScalingRules = .usualDown) {
            self.scaleUp = scaleUp
            self.scaleDown = scaleDown
        }
    }

    package var minReplicas: Int
    package var maxReplicas: Int
    package var metrics: [MetricSpec]
    /// `nil` where the manifest has none: then there are no policies, but a limit to twice the replicas, or four.
    package var behavior: Behavior?

    package init(
        minReplicas: Int = 1,
        maxReplicas: Int,
        metrics: [MetricSpec] = [.usual],
        behavior: Behavior? = nil
    ) {
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
        self.metrics = metrics
        self.behavior = behavior
    }

    /// Of an object whose body is kept; `nil` for one of another kind.
    package init?(_ resource: Resource) {
        guard let autoscaler = resource.autoscaler else { return nil }
        let spec = resource.body["spec"]
        minReplicas = Int(Int32(clamping: autoscaler.minReplicas))
        maxReplicas = Int(Int32(clamping: autoscaler.maxReplicas))
        if let percent = spec?["targetCPUUtilizationPercentage"]?.count, percent > 0 {
            metrics = [MetricSpec(.resource("cpu"), target: .utilization(percent))]
        } else {
            let written = (spec?["metrics"]?.items ?? []).map(MetricSpec.init)
            metrics = written.isEmpty ? [.usual] : written
        }
        behavior = spec?["behavior"].map { node in
            Behavior(
                scaleUp: ScalingRules(node["scaleUp"], usual: .usualUp),
                scaleDown: ScalingRules(node["scaleDown"], usual: .usualDown)
            )
        }
    }
}
