// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A route never gets a request, because earlier match blocks take all that each of its own blocks would match. All
/// conditions are compared: paths, methods, headers, query parameters, ports, gateways and sources. Istio does not see it.
enum RouteCoveredRule: ObjectRule {
    static let code = RuleCode("CAN1101")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard !object.hasUnknownConditions else { return }
        let coverage = object.routeCoverage
        let routes = object.spec?["http"]?.items ?? []
        let reported = Set(RouteUnreachableRule.dead(coverage).map(\.route))
        let repeated = Set(coverage.findings.filter(MatchRepeatedRule.isReported).map(\.block.route))
        let findings = Dictionary(coverage.findings.map { ($0.block.route, $0) }) { first, _ in first }
        for index in coverage.deadRoutes.subtracting(reported).subtracting(repeated).sorted() {
            report.add(
                at: routes[index],
                "the route never gets a request: \(findings[index]?.taker.label ?? "an earlier route") "
                    + "takes them first",
                // What takes every request cannot go before anything.
                hint: findings[index]?.block.match == nil
                    ? "routes are tried in order: remove one of the two, or narrow the earlier one"
                    : "routes are tried in order: move this one before it"
            )
        }
    }
}
