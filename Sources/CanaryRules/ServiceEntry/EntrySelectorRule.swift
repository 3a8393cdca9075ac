// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The workload selector of a ServiceEntry has no effect with resolution NONE, or no labels, so that it selects every
/// workload.
enum EntrySelectorRule: ObjectRule {
    static let code = RuleCode("CAN0717", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let selector = object.spec?["workloadSelector"] else { return }
        if ["", "NONE"].contains(object.spec?["resolution"]?.string ?? "") {
            report.add(
                at: selector,
                "the workload selector has no effect with resolution NONE",
                hint: "write resolution: STATIC"
            )
        }
        if (selector["labels"]?.entries ?? []).isEmpty {
            report.add(
                at: selector,
                "the workload selector has no labels and selects everything",
                hint: "add \"labels:\""
            )
        }
    }
}
