// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A port of a Service is outside 1 to 65535, or its target is neither such a number nor a port's name.
enum ServicePortRangeRule: ObjectRule {
    static let code = RuleCode("CAN0304")
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for port in object.spec?["ports"]?.items ?? [] {
            for key in ["port", "targetPort"] {
                guard let place = port[key], let number = place.integer, !(1...65535).contains(number) else {
                    continue
                }
                report.add(
                    at: place,
                    "port \(number) is outside 1 to 65535",
                    hint: "write the number of a port, from 1 to 65535"
                )
            }
            guard let target = port["targetPort"], let name = target.string, !KubernetesName.isPortName(name)
            else {
                continue
            }
            report.add(
                at: target,
                "\"\(name)\" is not the name of a container's port",
                hint: Int(name) == nil
                    ? "use at most 15 lower-case letters, digits and \"-\", with at least one letter"
                    : "write the number without quotes"
            )
        }
    }
}
