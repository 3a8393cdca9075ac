// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// `exportTo` names a namespace twice, mixes `*` with others, or holds something that is neither `.`, `*` nor a
/// namespace. A DestinationRule with a workload selector can only be used in its own namespace.
enum ExportToRule: ObjectRule {
    static let code = RuleCode("CAN0246", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService, .destinationRule, .serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let list = object.spec?["exportTo"], !list.items.isEmpty else { return }
        let isServiceEntry = object.resource.kind == .serviceEntry
        let own = object.resource.namespace
        var seen: Set<String> = []
        for item in list.items {
            let text = item.string ?? ""
            let name = text == "." ? own : text
            if text != ".", text != "*", !(isServiceEntry && text == "~"), !IstioName.isLabel(text) {
                report.add(
                    at: item,
                    "\"\(text)\" is not a namespace",
                    hint: "write a namespace, \".\" or \"*\""
                )
            } else if !seen.insert(name).inserted {
                report.add(at: item, "\"\(text)\" is given twice", hint: "keep one of the two")
            }
            if object.spec?["workloadSelector"] != nil, object.resource.kind == .destinationRule, name != own
            {
                report.add(
                    at: item,
                    "a DestinationRule with a workload selector can't be exported to \"\(text)\"",
                    hint: "write \".\""
                )
            }
        }
        for word in ["*", "~"] where seen.contains(word) && seen.count > 1 {
            report.add(
                at: list,
                "\"\(word)\" can't be combined with other namespaces",
                hint: "write it alone, or the namespaces without it"
            )
        }
    }
}
