// SPDX-License-Identifier: Apache-2.0

/// A match block repeats an earlier one, or narrows the path of an earlier one that has the same other conditions, so that
/// it never gets a request. Unlike istioctl, which compares parts of the conditions, this looks at all of them.
enum MatchRepeatedRule: ObjectRule {
    static let code = RuleCode("CAN0247", istio: "IST0131")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for finding in object.routeCoverage.findings {
            guard let match = finding.block.match, isReported(finding) else { continue }
            report.add(
                at: match,
                "the match gets no request: \(finding.taker.label) "
                    + (finding.isDuplicate ? "takes the same ones" : "has a shorter prefix of its path"),
                hint: finding.isDuplicate ? "remove it" : "move the longer prefix before the shorter one"
            )
        }
    }

    static func isReported(_ finding: RouteCoverage.Finding) -> Bool {
        guard let taker = finding.taker.match, let match = finding.block.match else { return false }
        return finding.isDuplicate || isLongerPrefix(match.node, of: taker.node)
    }

    private static func isLongerPrefix(_ match: Node, of taker: Node) -> Bool {
        guard match["uri"]?["prefix"]?.string != nil, taker["uri"]?["prefix"]?.string != nil else {
            return false
        }
        return ["port", "method", "authority", "headers", "withoutHeaders", "queryParams"].allSatisfy {
            match[$0] == taker[$0]
        }
    }
}
