// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Two ports of a Service have the same number and protocol.
enum ServicePortTwiceRule: ObjectRule {
    static let code = RuleCode("CAN0303")
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var seen: Set<String> = []
        for port in object.spec?["ports"]?.items ?? [] {
            guard let number = port["port"]?.integer else { continue }
            let transport = port["protocol"]?.string ?? "TCP"
            guard !seen.insert("\(transport) \(number)").inserted else { continue }
            report.add(
                at: port.field("port"),
                "there are two \(transport) ports of number \(number)",
                hint: "keep one of the two, or change its number"
            )
        }
    }
}
