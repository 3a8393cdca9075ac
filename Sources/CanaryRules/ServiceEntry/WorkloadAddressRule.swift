// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A WorkloadEntry has no address, or one that is not an address, a host name or a socket; sockets have no ports.
enum WorkloadAddressRule: ObjectRule {
    static let code = RuleCode("CAN0720", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.workloadEntry, .serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let isEntry = object.resource.kind == .workloadEntry
        let endpoints = isEntry ? [object.spec].compactMap(\.self) : object.spec?["endpoints"]?.items ?? []
        for endpoint in endpoints where !endpoint.isNull {
            let address = endpoint["address"]?.string ?? ""
            if address.isEmpty {
                if endpoint["network"] == nil {
                    report.add(
                        at: endpoint.field("address"),
                        "the address is missing",
                        hint: "write \"address:\" with an IP address or a host name"
                    )
                }
            } else if address.hasPrefix("unix://") {
                if let problem = SocketPath.problem(address) {
                    report.add(at: endpoint.field("address"), problem, hint: "write unix:///run/app.sock")
                }
                if let ports = endpoint["ports"], !ports.entries.isEmpty {
                    report.add(at: ports, "a socket has no ports", hint: "leave \"ports\" out")
                }
            } else if isEntry, !IPAddress.isValid(address), !IstioName.isFullName(address) {
                report.add(
                    at: endpoint.field("address"),
                    "\"\(address)\" is not an address or a host name",
                    hint: "write one such as 10.0.0.1 or vm.example.com"
                )
            }
        }
    }
}
