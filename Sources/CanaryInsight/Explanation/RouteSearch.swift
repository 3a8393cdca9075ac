// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources
import CanaryRouting

/// The way from a host's first route to the one that a request takes.
struct RouteSearch {
    private struct Place: Hashable {
        var owner: Int32
        var index: Int32
        var block: Int32
    }

    private let facts: RequestFacts
    private let taken: RouteHandle?
    private let exclusion: (HTTPMatch, _ namespace: String) -> MatchExclusion?
    /// The match blocks that exist for this client, and whether they are asked before the one that holds.
    private var entries: [Place: (entry: RouteEntry, isBefore: Bool)] = [:]

    init(
        host: VirtualHostHandle,
        taken: RouteHandle?,
        facts: RequestFacts,
        exclusion: @escaping (HTTPMatch, _ namespace: String) -> MatchExclusion?
    ) {
        self.facts = facts
        self.taken = taken
        self.exclusion = exclusion
        let all = host.record.pointee.entries
        var isBefore = true
        for index in all.indices {
            if all.pointer(index) == taken?.entry { isBefore = false }
            // A block may be there once for each port.
            guard all[index].port == 0 || all[index].port == facts.port else { continue }
            let route = all[index].route.pointee
            let place = Place(owner: route.owner, index: route.index, block: all[index].block)
            entries[place] = (all[index], isBefore)
        }
    }

    /// Why a route does not take the request; `nil` where it does, or is not asked. `number` gives the number in its host of the
    /// VirtualService's route at a position.
    func skipped(_ effective: EffectiveRoute, owner: Int, number: (Int) -> Int) -> Explanation.Skipped? {
        if let taken, taken.owner == owner, taken.index == effective.index { return nil }
        var reasons: [String] = []
        var isAsked = false
        var isDropped = false
        for (block, match) in effective.route.matches.enumerated() {
            let place = Place(
                owner: Int32(clamping: owner),
                index: Int32(clamping: effective.index),
                block: Int32(clamping: block)
            )
            if let (entry, isBefore) = entries[place] {
                isAsked = isAsked || isBefore
                if isBefore, let reason = entry.mismatch(facts) { reasons.append(reason) }
            } else if let reason = exclusion(match, effective.source.namespace) ?? otherPort(match) {
                reasons.append(reason.description)
            } else {
                isDropped = true
            }
        }
        guard isAsked || (!isDropped && isEarlier(effective.index, owner)), !reasons.isEmpty else {
            return nil
        }
        return Explanation.Skipped(
            index: number(effective.index),
            name: effective.route.name,
            virtualService: effective.virtualService.key,
            blocks: reasons
        )
    }

    /// A delegating route without delegate, where it stands before the taken one and its own conditions hold.
    func lost(_ route: LostRoute, of virtualService: Resource, owner: Int, before taken: EffectiveRoute?)
        -> Explanation.Lost?
    {
        let isBefore = taken.map { (route.index, route.leafIndex ?? -1) < ($0.rootIndex, $0.sourceIndex) }
        guard isBefore ?? isEarlier(.max, owner),
            takes(route.route.matches, virtualService.namespace),
            takes(route.leaf?.matches ?? [], route.delegate.namespace)
        else { return nil }
        return Explanation.Lost(
            index: route.index,
            name: route.route.name,
            virtualService: virtualService.key,
            delegate: route.delegate,
            reason: route.description
        )
    }

    /// Whether a route that has no entries would come before the taken one. The Service's own comes last, a
    /// Gateway's redirect to https first.
    private func isEarlier(_ index: Int, _ owner: Int) -> Bool {
        guard let taken else { return true }
        guard taken.owner >= 0 else { return taken.action == .forward }
        return (owner, index) < (taken.owner, taken.index)
    }

    private func otherPort(_ match: HTTPMatch) -> MatchExclusion? {
        match.port.flatMap { $0 == Int(facts.port) ? nil : .port($0) }
    }

    private func takes(_ matches: [HTTPMatch], _ namespace: String) -> Bool {
        guard !matches.isEmpty else { return true }
        let arena = RoutingArena()
        return withExtendedLifetime(arena) {
            matches.contains { match in
                exclusion(match, namespace) == nil && otherPort(match) == nil
                    && MatchCompiler(arena: arena).conditions(match).allSatisfy { $0.holds(for: facts) }
            }
        }
    }
}

extension LostRoute: CustomStringConvertible {
    /// `it delegates to VirtualService shop/carts, which does not exist`.
    package var description: String {
        let target = "it delegates to VirtualService \(delegate.namespace)/\(delegate.name)"
        switch reason {
        case .missing: return "\(target), which does not exist"
        case .isNoDelegate: return "\(target), which has hosts of its own"
        case .notExported: return "\(target), which is not exported to it"
        case .empty: return "\(target), which has no routes"
        case .conflict:
            return
                "\(target), whose route \(leafIndex ?? 0) has conditions that Istio can't combine with these"
        case .nested: return "\(target), whose route \(leafIndex ?? 0) delegates once more"
        }
    }
}
