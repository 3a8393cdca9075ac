// SPDX-License-Identifier: Apache-2.0

/// A route can never be reached, because an earlier one without matches takes every request.
enum RouteUnreachableRule: ObjectRule {
    static let code = RuleCode("CAN0244", istio: "IST0130")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for routes in [object.httpRoutes, object.tcpRoutes] {
            guard let catchAll = routes.firstIndex(where: { ($0["match"]?.items ?? []).isEmpty }) else {
                continue
            }
            for route in routes[(catchAll + 1)...] {
                report.add(
                    at: route,
                    "the route can't be reached: route \(catchAll + 1) takes every request",
                    hint: "move the route without matches to the end"
                )
            }
        }
    }
}
