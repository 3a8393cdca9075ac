// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A port of an Endpoints or EndpointSlice object is outside 1 to 65535, has no name among several, or a name twice.
enum EndpointPortsRule: ObjectRule {
    static let code = RuleCode("CAN0310")
    static let kinds: Set<ResourceKind> = [.endpoints, .endpointSlice]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let lists =
            object.resource.kind == .endpoints
            ? (object.root["subsets"]?.items ?? []).map { $0["ports"]?.items ?? [] }
            : [object.root["ports"]?.items ?? []]
        for ports in lists {
            var names: Set<String> = []
            for port in ports {
                if let place = port["port"], let number = place.integer, !(1...65535).contains(number) {
                    report.add(
                        at: place,
                        "port \(number) is outside 1 to 65535",
                        hint: "write the number of a port, from 1 to 65535"
                    )
                }
                let name = port["name"]?.string ?? ""
                if name.isEmpty, ports.count > 1, object.resource.kind == .endpoints {
                    report.add(
                        at: port.field("name"),
                        "the port has no name, and there are several",
                        hint: "give each of the ports a name"
                    )
                } else if !name.isEmpty, !KubernetesName.isLabel(name) {
                    report.add(
                        at: port.field("name"),
                        "\"\(name)\" is not a port's name",
                        hint: "use at most 63 lower-case letters, digits and \"-\""
                    )
                } else if !names.insert(name).inserted {
                    report.add(
                        at: port.field("name"),
                        "there are two ports \"\(name)\"",
                        hint: "give each of the ports a name of its own"
                    )
                }
            }
        }
    }
}
