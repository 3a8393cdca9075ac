// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources

extension WeightMove {
    /// `v1 95 % → 90 %, v2 5 % → 10 %`.
    static func text(_ moves: [WeightMove]) -> String {
        moves.map { move in
            "\(move.destination) \(NumberText.percent(move.before)) → \(NumberText.percent(move.after))"
        }.joined(separator: ", ")
    }
}

extension WeightPlan {
    /// For the history: `set-weight v2 5 % → 10 %`, the versions that the request names.
    func summary(of request: WeightRequest) -> String {
        let named: Set<String> =
            switch request {
            case .one(let version, _): [version]
            case .all(let shares): Set(shares.keys)
            }
        let changed = self.moves.filter { $0.before != $0.after }
        // Making a VirtualService may move nothing.
        let moves = changed.isEmpty ? self.moves : changed
        let wanted = moves.filter { named.contains($0.destination) }
        return "set-weight \(WeightMove.text(wanted.isEmpty ? moves : wanted))"
    }

    /// The split before and after, a line per destination.
    var table: String {
        let width = moves.map(\.destination.count).max() ?? 0
        return moves.map { move in
            let name = TerminalText.escape(move.destination).padded(to: width)
            let before = NumberText.percent(move.before).leftPadded(to: 9)
            return "  \(name)  \(before) → \(NumberText.percent(move.after))\n"
        }.joined()
    }

    /// Shares before and after; a destination that the route lacked had none.
    fileprivate var moves: [WeightMove] {
        let old = SplitWeights(before.map(\.weight)).shares
        let new = SplitWeights(after.map(\.weight)).shares
        return zip(after, new).enumerated().map { index, entry in
            WeightMove(
                destination: entry.0.version,
                before: old.indices.contains(index) ? old[index] : 0,
                after: entry.1
            )
        }
    }
}

/// What `set-weight` did, in the words of `describe -o json`.
struct WeightChange {
    let host: String
    let plan: WeightPlan
    /// The route afterwards; `nil` where the proxy does not serve it.
    let route: TrafficReport.Route?
    let warnings: [String]

    /// - Parameter revision: the one that holds the change; `nil` where nothing was stored.
    func node(_ revision: Int64?) -> Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("WeightChange"),
            "host": .string(host),
            "virtualService": .string(plan.key.name),
            "resource": .string(plan.key.description),
            "revision": revision.map { .integer($0) } ?? Node(.null),
            "route": .mapping([
                "index": .integer(Int64(plan.routeIndex)),
                "name": .string(plan.routeName),
            ]),
            "unchanged": .bool(plan.isUnchanged),
            "destinations": .sequence(destinations),
            "warnings": .sequence(warnings.map { .string($0) }),
        ])
    }

    private var destinations: [Node] {
        let reported = route?.destinations ?? []
        return plan.moves.enumerated().map { index, move in
            var node = reported.indices.contains(index) ? reported[index].node : .mapping([:])
            node.set(.string(move.destination), at: "name")
            node.set(Node(.number(move.before)), at: "shareBefore")
            node.set(Node(.number(move.after)), at: "shareAfter")
            return node
        }
    }
}
