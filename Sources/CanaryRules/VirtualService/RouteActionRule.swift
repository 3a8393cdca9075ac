// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An HTTP route does nothing, or two things at once. It needs exactly one of `route`, `redirect`, `directResponse` and
/// `delegate`; a redirect or a direct response takes neither a fault nor a rewrite.
enum RouteActionRule: ObjectRule {
    static let code = RuleCode("CAN0211", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        // Of a delegate's own delegating another rule tells.
        let isDelegate = (object.spec?["hosts"]?.items ?? []).isEmpty
        for route in object.httpRoutes {
            checkPairs(route, isDelegate: isDelegate, &report)
            let hasAction = ["delegate", "redirect", "directResponse"].contains { route[$0] != nil }
            if !hasAction, (route["route"]?.items ?? []).isEmpty {
                report.add(
                    at: route["route"] ?? route,
                    "the route has no action: one of route, redirect, directResponse and delegate is needed",
                    hint: "add \"route:\" with a destination"
                )
            }
        }
    }

    private static func checkPairs(_ route: Located, isDelegate: Bool, _ report: inout RuleReport) {
        // Istio asks nothing else of a route that delegates.
        let delegates = !isDelegate && route["delegate"] != nil
        let pairs =
            delegates
            ? [("delegate", ["redirect", "route"])]
            : [
                ("redirect", ["fault", "rewrite", "directResponse"]),
                ("directResponse", ["fault", "rewrite"]),
            ]
        for (first, others) in pairs where route[first] != nil {
            for other in others {
                guard let place = route[other] else { continue }
                report.add(
                    at: place,
                    "a route with \"\(first)\" can't have \"\(other)\"",
                    hint: "remove one of them, or make two routes"
                )
            }
        }
        for first in ["redirect", "directResponse"] where !delegates && route[first] != nil {
            guard let place = route["route"], !place.items.isEmpty else { continue }
            report.add(
                at: place,
                "a route with \"\(first)\" can't have \"route\"",
                hint: "remove one of them, or make two routes"
            )
        }
    }
}
