// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A container's port is outside 1 to 65535, or its name is no port name (at most 15 characters) or used twice.
enum ContainerPortsRule: ObjectRule {
    static let code = RuleCode("CAN0409")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for container in object.containers {
            var names: Set<String> = []
            for port in container["ports"]?.items ?? [] {
                for key in ["containerPort", "hostPort"] {
                    guard let place = port[key], let number = place.integer else { continue }
                    if key == "hostPort", number == 0 { continue }
                    if !(1...65535).contains(number) {
                        report.add(
                            at: place,
                            "port \(number) is outside 1 to 65535",
                            hint: "write the number of a port, from 1 to 65535"
                        )
                    }
                }
                guard let place = port["name"], let name = place.string, !name.isEmpty else { continue }
                if !KubernetesName.isPortName(name) {
                    report.add(
                        at: place,
                        "\"\(name)\" is not the name of a container's port",
                        hint: "use at most 15 lower-case letters, digits and \"-\", with at least one letter"
                    )
                } else if !names.insert(name).inserted {
                    report.add(
                        at: place,
                        "there are two ports \"\(name)\" in the container",
                        hint: "give each of the ports a name of its own"
                    )
                }
            }
        }
    }
}
