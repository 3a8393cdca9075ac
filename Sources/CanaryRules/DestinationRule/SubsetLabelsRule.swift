// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The labels of a subset can't exist on any pod.
enum SubsetLabelsRule: ObjectRule {
    static let code = RuleCode("CAN0603", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for subset in object.spec?["subsets"]?.items ?? [] { report.checkLabels(subset["labels"]) }
    }
}
