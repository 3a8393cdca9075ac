// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A node port is outside 30000 to 32767, given twice, or given for a Service that has none: only the types NodePort and
/// LoadBalancer do.
enum ServiceNodePortRule: ObjectRule {
    static let code = RuleCode("CAN0305")
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let type = object.resource.service?.type ?? "ClusterIP"
        var seen: Set<String> = []
        for port in object.spec?["ports"]?.items ?? [] {
            guard let place = port["nodePort"], let number = place.integer, number != 0 else { continue }
            let transport = port["protocol"]?.string ?? "TCP"
            if type != "NodePort", type != "LoadBalancer" {
                report.add(
                    at: place,
                    "a Service of type \(type) has no node ports",
                    hint: "set type: NodePort, or remove \"nodePort\""
                )
            } else if !(30000...32767).contains(number) {
                report.add(
                    at: place,
                    "node port \(number) is outside 30000 to 32767",
                    hint: "write a number from 30000 to 32767"
                )
            } else if !seen.insert("\(transport) \(number)").inserted {
                report.add(
                    at: place,
                    "node port \(number) is given twice",
                    hint: "give each port a node port of its own"
                )
            }
        }
    }
}
