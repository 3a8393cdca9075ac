// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A fault does nothing: neither `abort` nor `delay` is given; or its share is not 0 nor between 0.0001 and 100 percent.
enum FaultShapeRule: ObjectRule {
    static let code = RuleCode("CAN0228", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for fault in object.httpRoutes.compactMap({ $0["fault"] }) {
            if fault["abort"] == nil, fault["delay"] == nil {
                report.add(
                    at: fault,
                    "the fault has neither \"abort\" nor \"delay\"",
                    hint: "write \"abort:\" or \"delay:\" below it, or remove it"
                )
            }
            for key in ["abort", "delay"] {
                guard let place = fault[key]?["percentage"]?["value"], let value = place.node.number else {
                    continue
                }
                guard value != 0, !(0.0001...100).contains(value) else { continue }
                report.add(at: place, "\(value) is not a percentage", hint: "write 0, or 0.0001 to 100")
            }
        }
    }
}
