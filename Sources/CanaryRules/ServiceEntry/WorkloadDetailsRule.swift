// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A label, or the name or number of a port of a WorkloadEntry can't be used.
enum WorkloadDetailsRule: ObjectRule {
    static let code = RuleCode("CAN0721", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.workloadEntry, .serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let isEntry = object.resource.kind == .workloadEntry
        let endpoints = isEntry ? [object.spec].compactMap(\.self) : object.spec?["endpoints"]?.items ?? []
        for endpoint in endpoints {
            for (key, value) in endpoint["labels"]?.entries ?? [] {
                if !KubernetesName.isQualified(key) {
                    report.add(
                        at: value,
                        "\"\(key)\" is not a label's key",
                        hint:
                            "use letters, digits, \"-\", \"_\" and \".\", behind an optional domain and \"/\""
                    )
                } else if let text = value.string, !KubernetesName.isIstioLabelValue(text) {
                    report.add(
                        at: value,
                        "\"\(text)\" is not a label's value",
                        hint: "use at most 63 letters, digits, \"-\", \"_\" and \".\""
                    )
                }
            }
            for (name, value) in endpoint["ports"]?.entries ?? [] where !IstioName.isLabel(name) {
                report.add(
                    at: value,
                    "\"\(name)\" is not a port's name",
                    hint: "use letters, digits and \"-\""
                )
            }
        }
    }
}
