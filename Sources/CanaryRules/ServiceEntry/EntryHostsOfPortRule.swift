// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A ServiceEntry has several hosts and a port whose protocol names no host, such as TCP, so that nobody could tell which of
/// them a connection is for. Only resolution NONE, which asks the address alone, takes that.
enum EntryHostsOfPortRule: ObjectRule {
    static let code = RuleCode("CAN0719", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    private static let naming: Set<String> = [
        "HTTP", "HTTP2", "HTTP_PROXY", "GRPC", "GRPC-WEB", "HTTPS", "TLS",
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.spec, (spec["hosts"]?.items ?? []).count > 1,
            !["", "NONE"].contains(spec["resolution"]?.string ?? "")
        else { return }
        for port in spec["ports"]?.items ?? [] where !port.isNull {
            let name = port["protocol"]?.string ?? ""
            guard !naming.contains(name.uppercased()) else { continue }
            report.add(
                at: port.field("protocol"),
                name.isEmpty
                    ? "a port without protocol can't tell the ServiceEntry's hosts apart"
                    : "a port of protocol \(name) can't tell the ServiceEntry's hosts apart",
                hint: "write a ServiceEntry for each host"
            )
        }
    }
}
