// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A TLS or TCP route sends its connections nowhere, or an item of its matches is empty.
enum L4RouteShapeRule: ObjectRule {
    static let code = RuleCode("CAN0242", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.tlsRoutes + object.tcpRoutes where (route["route"]?.items ?? []).isEmpty {
            report.add(
                at: route.field("route"),
                "the route has no destination",
                hint: "add a destination below \"route:\""
            )
        }
        for match in object.tcpRoutes.flatMap({ $0["match"]?.items ?? [] }) where match.isNull {
            report.add(at: match, "the match is empty", hint: "remove the \"-\"")
        }
    }
}
