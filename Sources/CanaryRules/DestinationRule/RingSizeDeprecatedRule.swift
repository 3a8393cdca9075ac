// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// `consistentHash.minimumRingSize` is deprecated: it belongs under `ringHash`.
enum RingSizeDeprecatedRule: ObjectRule {
    static let code = RuleCode("CAN0611", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for level in object.policyLevels {
            guard let size = level["loadBalancer"]?["consistentHash"]?["minimumRingSize"], size.integer != 0
            else { continue }
            report.add(
                at: size,
                "\"minimumRingSize\" is deprecated here",
                hint: "move it under \"ringHash:\"",
                isKnownToIstio: object.isMainPolicy(level)
            )
        }
    }
}
