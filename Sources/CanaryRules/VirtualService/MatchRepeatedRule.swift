// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A match block repeats an earlier one, or narrows the path of an earlier one that has the same other conditions, so that
/// it never gets a request. Unlike istioctl, which compares parts of the conditions, this looks at all of them. Matches of TCP
/// and TLS routes are compared as they are written.
enum MatchRepeatedRule: ObjectRule {
    static let code = RuleCode("CAN0247", istio: "IST0131")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let coverage = object.routeCoverage
        let unreachable = Set(RouteUnreachableRule.dead(coverage).map(\.route))
        for finding in coverage.findings {
            guard let match = finding.block.match, isReported(finding) else { continue }
            let route = finding.block.route
            let isLost = coverage.deadRoutes.contains(route) && !unreachable.contains(route)
            let hasShorterPrefix = !finding.isDuplicate && isLongerPrefix(match.node, of: finding.taker.match)
            report.add(
                at: match,
                "the match gets no request\(isLost ? ", nor does its route" : ""): \(finding.takerLabel) "
                    + (hasShorterPrefix ? "has a shorter prefix of its path" : "takes the same ones"),
                hint: hasShorterPrefix ? "move the longer prefix before the shorter one" : "remove it",
                severity: isLost ? .warning : nil
            )
        }
        for (match, taker) in object.l4Coverages.flatMap(\.repeated) {
            report.add(
                at: match,
                "the match gets no connection: \(taker.label) takes the same ones",
                hint: "remove it"
            )
        }
    }

    /// What istioctl finds too; the rest of the findings has a code of its own.
    static func isReported(_ finding: RouteCoverage.Finding) -> Bool {
        finding.taker.match != nil && (finding.isDuplicate || finding.isOverlap)
    }

    private static func isLongerPrefix(_ match: Node, of taker: Located?) -> Bool {
        match["uri"]?["prefix"]?.string != nil && taker?.node["uri"]?["prefix"]?.string != nil
    }
}
