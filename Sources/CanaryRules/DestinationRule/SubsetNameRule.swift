// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A subset has no name, one that is no DNS label, or one that another subset has.
enum SubsetNameRule: ObjectRule {
    static let code = RuleCode("CAN0602", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var seen: Set<String> = []
        for subset in object.spec?["subsets"]?.items ?? [] {
            guard !subset.isNull else {
                report.add(at: subset, "the subset is empty", hint: "remove the \"-\"")
                continue
            }
            guard let place = subset["name"], let name = place.string else { continue }
            if !IstioName.isLabel(name) {
                report.add(
                    at: place,
                    "\"\(name)\" is not a subset's name",
                    hint: "use letters, digits and \"-\""
                )
            } else if !seen.insert(name).inserted {
                report.add(at: place, "there are two subsets \"\(name)\"", hint: "rename or remove one")
            }
        }
    }
}
