// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A TLS route matches a server name that is an address, which clients do not send.
enum TLSMatchAddressRule: ObjectRule {
    static let code = RuleCode("CAN0241", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for match in object.tlsRoutes.flatMap({ $0["match"]?.items ?? [] }) {
            for name in match["sniHosts"]?.items ?? [] {
                guard let text = name.string, IPAddress.isValid(text) else { continue }
                report.add(
                    at: name,
                    "\"\(text)\" is an address, which clients do not send as a server name",
                    hint: "write the name that clients ask for"
                )
            }
        }
    }
}
