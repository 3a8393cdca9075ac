// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// How a route gives one of its two versions requests.
package enum CanaryTraffic: Sendable, Equatable {
    /// A share of them, drawn at random.
    case share(Percentage)
    /// Copies of a share of them.
    case copies(Percentage)
    /// Those for which one of the blocks holds, by a route of their own in front.
    case matching([Node])

    var share: Percentage { if case .share(let share) = self { share } else { .zero } }
}

/// A route in the text of its VirtualService, and what a rollout adds to it.
struct CanaryRouteEdit {
    private(set) var routes: [Node]
    private var index: Int
    /// The name of the route in front.
    private let name: String
    private let destination: Node

    /// - Parameters:
    ///   - routes: `spec.http`.
    ///   - index: the route.
    ///   - name: of the route in front.
    ///   - position: of the canary's entry in the route.
    init?(_ routes: [Node], at index: Int, named name: String, canaryAt position: Int) {
        guard routes.indices.contains(index), let entries = routes[index]["route"]?.items,
            entries.indices.contains(position), let destination = entries[position]["destination"]
        else { return nil }
        (self.routes, self.index, self.name, self.destination) = (routes, index, name, destination)
    }

    mutating func set(_ traffic: CanaryTraffic) {
        setCopies(of: traffic)
        removeFront()
        guard case .matching(let blocks) = traffic else { return }
        var front = routes[index]
        for key in ["match", "name", "route", "mirror", "mirrors", "mirrorPercentage", "mirrorPercent"] {
            front.set(nil, at: key)
        }
        let base = routes[index]["match"]?.items ?? []
        front.set(.string(name), at: "name")
        front.set(.sequence(Self.conditions(blocks, within: base)), at: "match")
        front.set(.sequence([.mapping(["destination": destination])]), at: "route")
        routes.insert(front, at: index)
    }

    private mutating func setCopies(of traffic: CanaryTraffic) {
        let known = routes[index]["mirrors"]?.items ?? []
        var mirrors = known.filter { $0["destination"] != destination }
        if case .copies(let share) = traffic {
            let value = Node(.number(Double(share.millionths) / 10_000))
            mirrors.append(
                .mapping(["destination": destination, "percentage": .mapping(["value": value])])
            )
        }
        guard mirrors != known else { return }
        routes[index].set(mirrors.isEmpty ? nil : .sequence(mirrors), at: "mirrors")
    }

    private mutating func removeFront() {
        guard let front = routes.firstIndex(where: { $0["name"]?.string == name }), front != index else {
            return
        }
        routes.remove(at: front)
        if front < index { index -= 1 }
    }

    /// What holds where one of the blocks and one of the route's own hold: each condition of both. Where both ask about one thing, both
    /// can only hold if they ask the same, and the block's is as good as the other's.
    static func conditions(_ blocks: [Node], within base: [Node]) -> [Node] {
        guard !base.isEmpty else { return blocks }
        return base.flatMap { own in blocks.map { merged($0, with: own) } }
    }

    private static func merged(_ block: Node, with base: Node) -> Node {
        var merged = base
        for entry in block.mapping?.entries ?? [] {
            guard let old = base[entry.key], old.mapping != nil, entry.value.mapping != nil else {
                merged.set(entry.value, at: entry.key)
                continue
            }
            merged.set(Self.merged(entry.value, with: old), at: entry.key)
        }
        return merged
    }
}
