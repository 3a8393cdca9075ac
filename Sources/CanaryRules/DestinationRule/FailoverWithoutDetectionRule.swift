// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A failover between localities has no effect without outlier detection at the same level, which finds out that a
/// locality is down.
enum FailoverWithoutDetectionRule: ObjectRule {
    static let code = RuleCode("CAN0613", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for level in object.policyLevels where level["outlierDetection"] == nil {
            for key in ["localityLbSetting", "zoneAwareLbSetting"] {
                guard let setting = level["loadBalancer"]?[key] else { continue }
                for name in ["failover", "failoverPriority"] {
                    guard let place = setting[name], !place.items.isEmpty else { continue }
                    report.add(
                        at: place,
                        "\"\(name)\" has no effect without \"outlierDetection\"",
                        hint: "add \"outlierDetection:\" beside \"loadBalancer:\"",
                        isKnownToIstio: object.isMainPolicy(level)
                    )
                }
            }
        }
    }
}
