// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A destination subnet of a TLS or TCP match is not an address or a range such as `10.1.0.0/16`.
enum L4SubnetsRule: ObjectRule {
    static let code = RuleCode("CAN0243", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for match in (object.tlsRoutes + object.tcpRoutes).flatMap({ $0["match"]?.items ?? [] }) {
            for subnet in match["destinationSubnets"]?.items ?? [] {
                guard let text = subnet.string, !IPAddress.isSubnet(text) else { continue }
                report.add(
                    at: subnet,
                    "\"\(text)\" is not an address or a subnet",
                    hint: "write one such as 10.0.0.1 or 10.0.0.0/8"
                )
            }
        }
    }
}
