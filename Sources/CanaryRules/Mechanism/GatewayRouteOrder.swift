// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// How the routes of several VirtualServices stand one after the other at a Gateway: those of the first in order of age, then
/// those of the next, and what takes every request at the end.
struct GatewayRouteOrder {
    struct Finding {
        enum Kind {
            /// What the block takes goes to a block of the other, which comes first.
            case taken
            /// Both take every request, and the other comes first.
            case catchAllTaken
            /// The block takes all that a block of the other takes, and only comes after it because of its age.
            case follows
        }

        var kind: Kind
        var gateway: GatewayReference
        var block: RouteCoverage.Block
        var other: RouteCoverage.Block
        var otherResource: Resource
    }

    private struct Entry {
        var block: RouteCoverage.Block
        var resource: Resource
    }

    /// By the VirtualService that comes later.
    private(set) var findings: [ResourceKey: [Finding]] = [:]

    /// How many earlier blocks a block is compared with; more are only looked up for being the same.
    private static let mostCompared = 64

    private let gateway: GatewayReference
    private let patterns = PatternCache()
    private var entries: [Entry] = []
    private var known: [MatchScope: Entry] = [:]
    private var catchAll: Entry?

    /// `members` in the order of their age.
    init(_ members: [Resource], at gateway: GatewayReference) {
        self.gateway = gateway
        for resource in members {
            let routes = Located(root: resource.body)["spec"]?["http"]?.items ?? []
            for (index, route) in routes.enumerated() where !route.isNull {
                // What a delegate does not match falls through.
                let takes = route["delegate"] == nil
                for block in blocks(of: route, index, resource.namespace) {
                    add(Entry(block: block, resource: resource), takes: takes)
                }
            }
        }
    }

    /// The blocks that exist at the Gateway.
    private func blocks(of route: Located, _ index: Int, _ namespace: String) -> [RouteCoverage.Block] {
        RouteCoverage.blocks(of: route, index).compactMap { block in
            let named = block.scope.gateways
            guard
                named.isEmpty
                    || named.contains(where: { GatewayReference($0, namespace: namespace) == gateway }),
                !block.scope.asksForSource
            else { return nil }
            var block = block
            block.scope.gateways = []
            return block
        }
    }

    private mutating func add(_ entry: Entry, takes: Bool) {
        let scope = entry.block.scope
        if scope.isUnconditional {
            if let catchAll { return note(.catchAllTaken, entry, catchAll) }
            if takes { catchAll = entry }
            return
        }
        if let taker = known[scope] ?? entries.first(where: { $0.block.scope.covers(scope, patterns) }) {
            return note(.taken, entry, taker)
        }
        guard takes else { return }
        let key = entry.resource.key
        if let narrower = entries.first(where: {
            $0.resource.key != key && scope.covers($0.block.scope, patterns)
        }) {
            note(.follows, entry, narrower)
        }
        known[scope] = entry
        if entries.count < Self.mostCompared { entries.append(entry) }
    }

    /// What happens within one VirtualService has rules of its own.
    private mutating func note(_ kind: Finding.Kind, _ entry: Entry, _ other: Entry) {
        guard entry.resource.key != other.resource.key else { return }
        let finding = Finding(
            kind: kind,
            gateway: gateway,
            block: entry.block,
            other: other.block,
            otherResource: other.resource
        )
        findings[entry.resource.key, default: []].append(finding)
    }
}
