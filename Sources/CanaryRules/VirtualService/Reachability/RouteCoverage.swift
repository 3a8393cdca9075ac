// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Which match blocks of a VirtualService never get a request, since an earlier block takes all of theirs.
struct RouteCoverage {
    /// A match block, or a route without any.
    struct Block {
        var route: Int
        var place: Located
        /// `nil` for a route without match blocks.
        var match: Located?
        var scope: MatchScope
    }

    struct Finding {
        var block: Block
        /// The earlier block that takes its requests.
        var taker: Block
        /// An earlier block is written alike, the names apart.
        var isDuplicate: Bool
        /// istioctl sees an overlap with an earlier block, if not with the taker.
        var isOverlap: Bool

        var isWithinRoute: Bool { taker.route == block.route }

        /// How messages name the taker.
        var takerLabel: String {
            guard isWithinRoute else { return taker.label }
            let line = taker.place.node.position.line
            return "an earlier match of the route" + (line > 0 ? " (line \(line))" : "")
        }
    }

    private(set) var findings: [Finding] = []
    /// The routes none of whose blocks gets a request.
    private(set) var deadRoutes: Set<Int> = []

    /// With how many earlier blocks one is compared in the way of istioctl.
    static let mostCompared = 256

    /// `routes` are the items of `http`, nulls included: they are numbered as written.
    init(http routes: [Located]) {
        let patterns = PatternCache()
        var takers = TakerIndex()
        var known: [MatchScope: Block] = [:]
        var seen: [MatchScope: Block] = [:]
        var prefixes: [Node] = []
        for (index, route) in routes.enumerated() where !route.isNull {
            let blocks = Self.blocks(of: route, index)
            var covered = 0
            // What a delegate does not match falls through to the routes below, so delegating takes nothing for sure.
            let takes = route["delegate"] == nil
            for block in blocks {
                let twin = seen[block.scope]
                if twin == nil { seen[block.scope] = block }
                let same = known[block.scope]
                if let taker = same ?? takers.first(covering: block.scope, patterns) {
                    covered += 1
                    let isDuplicate = Self.isWrittenAlike(block.match, twin?.match)
                    let isOverlap =
                        block.match.map { match in
                            prefixes.contains { IstioOverlap.covers(match.node, by: $0) }
                        } ?? false
                    findings.append(
                        Finding(block: block, taker: taker, isDuplicate: isDuplicate, isOverlap: isOverlap)
                    )
                } else if takes {
                    known[block.scope] = block
                    takers.add(block)
                }
                if let match = block.match, prefixes.count < Self.mostCompared,
                    match.node["uri"]?["prefix"] != nil
                {
                    prefixes.append(match.node)
                }
            }
            if covered == blocks.count, !blocks.isEmpty { deadRoutes.insert(index) }
        }
    }

    static func blocks(of route: Located, _ index: Int) -> [Block] {
        let matches = route["match"]?.items ?? []
        if matches.isEmpty { return [Block(route: index, place: route, match: nil, scope: MatchScope(nil))] }
        return matches.filter { !$0.isNull }.map {
            Block(route: index, place: $0, match: $0, scope: MatchScope(HTTPMatch($0.node)))
        }
    }

    static func isWrittenAlike(_ left: Located?, _ right: Located?) -> Bool {
        guard let left, let right else { return false }
        return withoutName(left) == withoutName(right)
    }

    /// A match block as far as it says what it takes.
    static func withoutName(_ match: Located) -> Node {
        var node = match.node
        node.set(nil, at: "name")
        return node
    }
}

extension RouteCoverage.Block {
    /// How messages name the block: `route 1 (line 14)`, counted from 0 as in paths, `explain` and `--route`.
    var label: String {
        let line = place.node.position.line
        return line > 0 ? "route \(route) (line \(line))" : "route \(route)"
    }
}
