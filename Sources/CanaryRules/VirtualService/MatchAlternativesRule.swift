// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Conditions stand in several items of `match`, of which a request has to meet only one, where one item was probably meant:
/// a dash too many makes an "or" of an "and". Where another item takes every request of an item, the conditions that only
/// the latter has do nothing: that is a warning. Information are two items of which one asks for the path and the other for
/// something of the client, a header for instance, where the route leads to another subset of a host than other routes do: a
/// canary that then takes the path from everybody.
enum MatchAlternativesRule: ObjectRule {
    static let code = RuleCode("CAN1108")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    /// Comparing each item with each other is only worth while for as many as people write.
    private static let mostCompared = 64

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let routes = object.resource.virtualService?.http ?? []
        guard routes.contains(where: { $0.matches.count > 1 }) else { return }
        for (index, route) in (object.spec?["http"]?.items ?? []).enumerated() {
            let blocks = RouteCoverage.blocks(of: route, index)
            guard blocks.count > 1, blocks.count <= mostCompared else { continue }
            if !reportSwallowed(blocks, &report), blocks.count == 2, choosesSubset(index, among: routes) {
                reportSplit(blocks[0], blocks[1], &report)
            }
        }
    }

    /// Reports an item whose requests a later item takes too, if it asks for something that the later one does not.
    private static func reportSwallowed(_ blocks: [RouteCoverage.Block], _ report: inout RuleReport) -> Bool {
        let patterns = PatternCache()
        for (position, block) in blocks.enumerated() {
            let wider = blocks.dropFirst(position + 1).first {
                !conditions(block).subtracting(conditions($0)).isEmpty
                    && $0.scope.covers(block.scope, patterns)
            }
            guard let wider else { continue }
            report.add(
                at: block.place,
                "the match makes no difference: \(wider.place.label) of the same list takes all of its requests, and one "
                    + "item is enough",
                hint: "put conditions that must hold together into one item: remove the dash between them"
            )
            return true
        }
        return false
    }

    /// Reports a path beside a condition on the client.
    private static func reportSplit(
        _ first: RouteCoverage.Block,
        _ second: RouteCoverage.Block,
        _ report: inout RuleReport
    ) {
        let (left, right) = (conditions(first), conditions(second))
        let isSplit =
            left == ["uri"] && isAboutClient(right) || right == ["uri"] && isAboutClient(left)
        guard isSplit else { return }
        report.add(
            at: second.place,
            "a request has to meet only one item of the list: "
                + "\(left.sorted().joined(separator: ", ")), or \(right.sorted().joined(separator: ", "))",
            hint: "put conditions that must hold together into one item: remove the dash between them",
            severity: .info
        )
    }

    private static func isAboutClient(_ conditions: Set<String>) -> Bool {
        !conditions.contains("uri")
            && !conditions.isDisjoint(with: ["headers", "withoutHeaders", "queryParams", "sourceLabels"])
    }

    /// Whether a route leads to other subsets of a host than another route, or splits it.
    private static func choosesSubset(_ index: Int, among routes: [HTTPRoute]) -> Bool {
        guard routes.indices.contains(index) else { return false }
        let own = routes[index].destinations.map(\.destination)
        return own.contains { destination in
            destination.subset != nil
                && routes.contains { route in
                    route.destinations.contains {
                        $0.destination.host == destination.host && $0.destination.subset != destination.subset
                    }
                }
        }
    }

    /// The fields of an item that ask for something.
    private static func conditions(_ block: RouteCoverage.Block) -> Set<String> {
        Set(block.match?.entries.map(\.key) ?? []).subtracting(["name", "ignoreUriCase", "statPrefix"])
    }
}
