// SPDX-License-Identifier: Apache-2.0

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
        for list in ["tls", "tcp"] { checkL4(object.spec?[list]?.items ?? [], &report) }
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

    /// TCP and TLS routes are compared as they are written.
    private static func checkL4(_ routes: [Located], _ report: inout RuleReport) {
        var earlier: [RouteCoverage.Block] = []
        var catchAll: String?
        for (index, route) in routes.enumerated() where !route.isNull {
            if let catchAll {
                add(at: route, taker: catchAll, isCatchAll: true, &report)
                continue
            }
            let blocks = RouteCoverage.blocks(of: route, index)
            if blocks.contains(where: { $0.match == nil }) {
                catchAll = blocks.first?.label
            } else if let taker = duplicates(blocks, earlier) {
                add(at: route, taker: taker.label, isCatchAll: false, &report)
            }
            if earlier.count < RouteCoverage.mostCompared { earlier += blocks }
        }
    }

    /// The earlier block that the first one repeats, if all of them repeat some.
    private static func duplicates(_ blocks: [RouteCoverage.Block], _ earlier: [RouteCoverage.Block])
        -> RouteCoverage.Block?
    {
        let twins = blocks.map { block in
            earlier.first { RouteCoverage.isWrittenAlike(block.match, $0.match) }
        }
        return twins.contains { $0 == nil } ? nil : twins.first ?? nil
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
