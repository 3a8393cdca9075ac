// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A warm-up's aggression is zero. That it is not below, the schema tells.
enum WarmupAggressionRule: ObjectRule {
    static let code = RuleCode("CAN0614", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for warmup in object.policyLevels.compactMap({ $0["loadBalancer"]?["warmup"] }) {
            guard let place = warmup["aggression"], let value = place.node.number, value == 0 else {
                continue
            }
            report.add(
                at: place,
                "\"aggression\" must be above 0",
                hint: "write 1 for a straight rise, less to begin slower"
            )
        }
    }
}
