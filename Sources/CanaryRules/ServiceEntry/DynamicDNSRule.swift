// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Resolution DYNAMIC_DNS needs wildcard hosts outside the mesh, no addresses, and ports of HTTP, HTTP2, GRPC or TLS, whose
/// connections name the host.
enum DynamicDNSRule: ObjectRule {
    static let code = RuleCode("CAN0714", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.spec, spec["resolution"]?.string == "DYNAMIC_DNS" else { return }
        for host in spec["hosts"]?.items ?? [] where !(host.string ?? "").hasPrefix("*") {
            report.add(
                at: host,
                "resolution DYNAMIC_DNS takes wildcard hosts only",
                hint: "write hosts such as *.example.com, or resolution: DNS"
            )
        }
        if let location = spec["location"], location.string == "MESH_INTERNAL" {
            report.add(
                at: location,
                "resolution DYNAMIC_DNS takes hosts outside the mesh only",
                hint: "write location: MESH_EXTERNAL"
            )
        }
        if let addresses = spec["addresses"], !addresses.items.isEmpty {
            report.add(
                at: addresses,
                "resolution DYNAMIC_DNS takes no addresses",
                hint: "leave \"addresses\" out"
            )
        }
        for port in spec["ports"]?.items ?? [] where !port.isNull {
            let name = port["protocol"]?.string ?? ""
            guard !["HTTP", "HTTP2", "GRPC", "TLS"].contains(name.uppercased()) else { continue }
            report.add(
                at: port.field("protocol"),
                "resolution DYNAMIC_DNS takes ports of HTTP, HTTP2, GRPC or TLS only",
                hint: "write protocol: TLS, or HTTP where it is not encrypted"
            )
        }
    }
}
