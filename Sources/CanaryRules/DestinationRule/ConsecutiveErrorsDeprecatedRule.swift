// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// `consecutiveErrors` is deprecated and has no effect.
enum ConsecutiveErrorsDeprecatedRule: ObjectRule {
    static let code = RuleCode("CAN0608", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for level in object.policyLevels {
            guard let place = level["outlierDetection"]?["consecutiveErrors"], place.integer != 0 else {
                continue
            }
            report.add(
                at: place,
                "\"consecutiveErrors\" is deprecated and has no effect",
                hint: "use \"consecutiveGatewayErrors\" or \"consecutive5xxErrors\"",
                isKnownToIstio: object.isMainPolicy(level)
            )
        }
    }
}
