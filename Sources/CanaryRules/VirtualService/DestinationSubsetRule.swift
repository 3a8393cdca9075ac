// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The name of a destination's subset is not a DNS label.
enum DestinationSubsetRule: ObjectRule {
    static let code = RuleCode("CAN0217", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for destination in object.destinations {
            guard let subset = destination["subset"], let text = subset.string, !text.isEmpty,
                !IstioName.isLabel(text)
            else { continue }
            report.add(
                at: subset,
                "\"\(text)\" is not a subset's name",
                hint: "use letters, digits and \"-\""
            )
        }
    }
}
