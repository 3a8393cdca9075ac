// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// One of a route's match blocks never gets a request, because an earlier block takes all that it would match. The other
/// blocks of the route are in use.
enum MatchCoveredRule: ObjectRule {
    static let code = RuleCode("CAN1102")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard !object.hasUnknownConditions else { return }
        let coverage = object.routeCoverage
        for finding in coverage.findings where !coverage.deadRoutes.contains(finding.block.route) {
            guard !MatchRepeatedRule.isReported(finding) else { continue }
            report.add(
                at: finding.block.place,
                "the match never gets a request: \(finding.takerLabel) takes them first",
                hint: (finding.isWithinRoute ? "remove it" : "move it before that route, or remove it")
                    + "; conditions that shall hold together go in one item"
            )
        }
    }
}
