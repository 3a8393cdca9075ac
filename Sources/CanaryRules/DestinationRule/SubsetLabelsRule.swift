// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The labels of a subset can't exist on any pod.
enum SubsetLabelsRule: ObjectRule {
    static let code = RuleCode("CAN0603", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for (key, value) in (object.spec?["subsets"]?.items ?? []).flatMap({ $0["labels"]?.entries ?? [] }) {
            if !KubernetesName.isQualified(key) {
                report.add(
                    at: value,
                    "\"\(key)\" is not a label's key",
                    hint: "use letters, digits, \"-\", \"_\" and \".\", behind an optional domain and \"/\""
                )
            } else if let text = value.string, !KubernetesName.isIstioLabelValue(text) {
                report.add(
                    at: value,
                    "\"\(text)\" is not a label's value",
                    hint: "use at most 63 letters, digits, \"-\", \"_\" and \".\""
                )
            }
        }
    }
}
