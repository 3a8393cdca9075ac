// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A route can never be reached, because an earlier one without matches takes every request, or because each of its match
/// blocks stands in an earlier route too.
enum RouteUnreachableRule: ObjectRule {
    static let code = RuleCode("CAN0244", istio: "IST0130")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let routes = object.spec?["http"]?.items ?? []
        for (route, taker) in dead(object.routeCoverage) {
            add(at: routes[route], taker: taker.label, isCatchAll: taker.match == nil, &report)
        }
        for (route, taker) in object.l4Coverages.flatMap(\.dead) {
            add(at: route, taker: taker.label, isCatchAll: taker.match == nil, &report)
        }
    }

    /// The dead routes that this rule reports, each with what takes its requests.
    static func dead(_ coverage: RouteCoverage) -> [(route: Int, taker: RouteCoverage.Block)] {
        let byRoute = Dictionary(grouping: coverage.findings, by: \.block.route)
        return coverage.deadRoutes.sorted().compactMap { route in
            guard let findings = byRoute[route], let first = findings.first else { return nil }
            if let catchAll = findings.first(where: { $0.taker.match == nil }) {
                return (route, catchAll.taker)
            }
            return findings.allSatisfy(\.isDuplicate) ? (route, first.taker) : nil
        }
    }

    private static func add(at route: Located, taker: String, isCatchAll: Bool, _ report: inout RuleReport) {
        report.add(
            at: route,
            "the route can't be reached: \(taker) takes \(isCatchAll ? "every request" : "the same requests")",
            hint: isCatchAll
                ? "move the route without matches to the end" : "remove one of them, or change its matches"
        )
    }
}
