// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A workload selector has no labels, so that it selects every workload.
enum WorkloadSelectorEmptyRule: ObjectRule {
    static let code = RuleCode("CAN0606", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let selector = object.spec?["workloadSelector"],
            (selector["matchLabels"]?.entries ?? []).isEmpty
        else {
            return
        }
        report.add(
            at: selector,
            "the workload selector has no labels and selects everything",
            hint: "write matchLabels, or leave the selector out"
        )
    }
}
