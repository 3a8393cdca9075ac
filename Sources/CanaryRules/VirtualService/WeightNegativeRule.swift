// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A destination has a negative weight. Weights are relative shares, from zero up.
enum WeightNegativeRule: ObjectRule {
    static let code = RuleCode("CAN0202", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for entry in object.weightedDestinations {
            guard let weight = entry["weight"], let value = weight.integer, value < 0 else { continue }
            report.add(at: weight, "weight \(value) is below 0", hint: "give 0 to send nothing there")
        }
    }
}
