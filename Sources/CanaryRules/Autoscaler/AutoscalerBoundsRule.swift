// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An autoscaler's bounds can't be kept: the most replicas are below one or below the least, or the least are none.
enum AutoscalerBoundsRule: ObjectRule {
    static let code = RuleCode("CAN0501")
    static let kinds: Set<ResourceKind> = [.horizontalPodAutoscaler]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.spec else { return }
        let least = spec["minReplicas"]?.integer ?? 1
        // Zero needs a metric of type Object or External, as in Kubernetes.
        let mayBeZero = (spec["metrics"]?.items ?? []).contains {
            ["Object", "External"].contains($0["type"]?.string)
        }
        if least < (mayBeZero ? 0 : 1) {
            report.add(
                at: spec.field("minReplicas"),
                "\"minReplicas\" is below \(mayBeZero ? 0 : 1)",
                hint: "write \(mayBeZero ? 0 : 1) or more"
            )
        }
        guard let place = spec["maxReplicas"], let most = place.integer else { return }
        if most < 1 {
            report.add(at: place, "\"maxReplicas\" is below 1", hint: "write 1 or more")
        } else if most < least {
            report.add(
                at: place,
                "\"maxReplicas\" (\(most)) is below \"minReplicas\" (\(least))",
                hint: "raise maxReplicas or lower minReplicas"
            )
        }
    }
}
