// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A VirtualService of a Gateway has a host without a dot. That is short for the Service's full name, which is all that the
/// Gateway knows: requests for the short name itself get 404. It is information where the VirtualService is for the mesh too.
enum ShortGatewayHostRule: ObjectRule {
    static let code = RuleCode("CAN1125")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard object.isGatewayBound else { return }
        for place in object.spec?["hosts"]?.items ?? [] {
            guard let name = place.string, !HostName.isWildcard(name) else { continue }
            let full = HostName.resolve(name, namespace: object.resource.namespace)
            guard full != name.lowercased() else { continue }
            report.add(
                at: place,
                "at a Gateway \"\(name)\" means \"\(full)\": requests for \"\(name)\" get 404 there",
                hint: "write the name that clients of the Gateway use, with its domain",
                severity: object.isMeshBound ? .info : .warning
            )
        }
    }
}
