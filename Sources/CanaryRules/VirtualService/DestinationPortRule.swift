// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A destination's port has no number, or one outside 1 to 65535.
enum DestinationPortRule: ObjectRule {
    static let code = RuleCode("CAN0218", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for destination in object.destinations {
            guard let port = destination["port"], port.node.mapping != nil else { continue }
            let number = port["number"]
            // Of another type the schema tells.
            guard number == nil || number?.integer != nil,
                !(1...65535).contains(number?.integer ?? 0)
            else { continue }
            report.add(
                at: port.field("number"),
                number?.integer.map { "port \($0) is outside 1 to 65535" }
                    ?? "the destination's port has no number",
                hint: "write port: {number: 80}, with a port of the Service"
            )
        }
    }
}
