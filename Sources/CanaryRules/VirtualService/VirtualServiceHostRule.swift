// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A host of a VirtualService is not a host name, a wildcard such as `*.example.com`, or an address. Only VirtualServices
/// that are bound to gateways alone may use `*`, or the names that Istio makes for its clusters.
enum VirtualServiceHostRule: ObjectRule {
    static let code = RuleCode("CAN0206", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let allowsServerNames = object.tlsRoutes.contains { route in
            route["match"]?.items.contains { !($0["sniHosts"]?.items ?? []).isEmpty } ?? false
        }
        for host in object.spec?["hosts"]?.items ?? [] {
            let text = host.string ?? ""
            if text == "*", object.isMeshBound {
                report.add(
                    at: host,
                    "the host \"*\" can't be used inside the mesh, only with gateways",
                    hint: "name the hosts, or bind the VirtualService to a gateway"
                )
            } else if !IstioName.isWildcardDomain(text), !IPAddress.isValid(text),
                object.isMeshBound || !allowsServerNames || !IstioName.isClusterServerName(text)
            {
                report.add(
                    at: host,
                    "\"\(text)\" is not a host name",
                    hint: "write a Service's name, a full name, or a wildcard such as *.example.com"
                )
            }
        }
    }
}
