// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A metric of an autoscaler lacks its details, has a target that is not above zero, or one that does not fit its type.
enum AutoscalerMetricsRule: ObjectRule {
    static let code = RuleCode("CAN0503")
    static let kinds: Set<ResourceKind> = [.horizontalPodAutoscaler]

    private static let sources = [
        "Resource": "resource", "ContainerResource": "containerResource", "Pods": "pods", "Object": "object",
        "External": "external",
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        if let place = object.spec?["targetCPUUtilizationPercentage"], let value = place.integer, value < 1 {
            report.add(
                at: place,
                "the target utilization is below 1",
                hint: "write averageUtilization: 80, or another percentage"
            )
        }
        for metric in object.spec?["metrics"]?.items ?? [] {
            guard let type = metric["type"]?.string, let key = sources[type] else { continue }
            guard let source = metric[key] else {
                report.add(
                    at: metric.field(key),
                    "a metric of type \(type) needs \"\(key)\"",
                    hint: "write \"\(key):\" below the metric"
                )
                continue
            }
            for other in sources.values.sorted() where other != key && metric[other] != nil {
                report.add(
                    at: metric.field(other),
                    "a metric of type \(type) has no \"\(other)\"",
                    hint: "leave it out, or change the metric's type"
                )
            }
            if let target = source["target"] { check(target, &report) }
        }
    }

    private static func check(_ target: Located, _ report: inout RuleReport) {
        let wanted = ["Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"]
        guard let type = target["type"]?.string, let key = wanted[type] else { return }
        guard let place = target[key] else {
            report.add(
                at: target.field(key),
                "a target of type \(type) needs \"\(key)\"",
                hint: "write \"\(key):\" below the target"
            )
            return
        }
        guard let amount = Quantity(place.node), amount.value <= 0 else { return }
        report.add(at: place, "the target must be above 0", hint: "write an amount such as 100m or 1")
    }
}
