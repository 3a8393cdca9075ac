// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A match block is for Gateways to which its VirtualService is not bound, so that it never takes a request. A block can only
/// choose among the `gateways` of its VirtualService; without any, that is `mesh` alone.
enum MatchGatewayUnboundRule: ObjectRule {
    static let code = RuleCode("CAN1109")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.resource.virtualService, !spec.isDelegate,
            spec.http.contains(where: { $0.matches.contains { !$0.gateways.isEmpty } })
                || !spec.tlsRoutes.isEmpty || !spec.tcpRoutes.isEmpty,
            // A name with a dot is of Istio's old form, which has several readings.
            !spec.gateways.contains(where: { $0.contains(".") })
        else { return }
        let namespace = object.resource.namespace
        let bound = Set(spec.boundGateways.map { GatewayReference($0, namespace: namespace) })
        for match in object.httpMatches
            + (object.tlsRoutes + object.tcpRoutes).flatMap({ $0["match"]?.items ?? [] })
        {
            guard let place = match["gateways"] else { continue }
            let names = place.node.strings
            guard !names.isEmpty, !names.contains(where: { $0.contains(".") }),
                !names.contains(where: { bound.contains(GatewayReference($0, namespace: namespace)) })
            else { continue }
            let list = names.map { "\"\($0)\"" }.joined(separator: " or ")
            report.add(
                at: place,
                "the match never takes a request: the VirtualService is not bound to \(list)",
                hint: "add it to \"gateways\" under \"spec\""
            )
        }
    }
}
