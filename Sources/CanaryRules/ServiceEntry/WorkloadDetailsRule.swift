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
            report.checkLabels(endpoint["labels"])
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
