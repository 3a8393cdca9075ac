// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// Which destination of a route a user of sticky traffic gets, and at which shares that changes.
package struct StickyChoice: Sendable {
    /// Where a user's key is looked for.
    package struct Key: Sendable {
        package enum Source: String, Sendable {
            case header, cookie, queryParameter, sourceAddress
        }

        package var source: Source
        /// The header's, cookie's or parameter's; empty for the source address.
        package var name: String
    }

    package var key: Key
    package var user: String
    /// A position among the route's destinations.
    package var chosen: Int
    /// For each destination of the route, the share above which the user gets it, while the others keep their proportions (or
    /// share alike where all of them are 0).
    package var thresholds: [Double]
}

extension StickyChoice {
    /// `nil` where the traffic is not sticky, the request lacks the key, or the route has a single destination.
    init?(
        _ route: RouteHandle,
        _ effective: EffectiveRoute,
        _ facts: RequestFacts,
        _ identifiers: RoutingIdentifiers
    ) {
        let record = route.record.pointee.sticky
        let user = facts.userKey(record)
        guard let key = Key(route), !user.isEmpty, effective.route.destinations.count > 1,
            let handle = route.destination(for: facts, random: 0),
            let counter = identifiers.counter(handle.counter)
        else { return nil }
        self.init(
            key: key,
            user: user.text,
            chosen: counter.position,
            thresholds: Self.thresholds(effective, user)
        )
    }

    /// A destination with the share p wins the rendezvous when p·s exceeds (1 - p)·m, where s is its score for a weight of 1 and
    /// m the greatest of the others' scores, each times its part of the rest: so above m / (m + s).
    private static func thresholds(_ effective: EffectiveRoute, _ key: ByteSlice) -> [Double] {
        let scores = scores(effective, key)
        let weights = effective.route.destinations.map { Double(max($0.weight ?? 0, 0)) }
        let sum = weights.reduce(0, +)
        let shared = 1 / Double(max(scores.count - 1, 1))
        let weighted = BestTwo(zip(scores, weights).map { $0 * $1 })
        let alike = BestTwo(scores)
        return scores.indices.map { index in
            let rest = sum - weights[index]
            let best = rest > 0 ? weighted.best(besides: index) / rest : alike.best(besides: index) * shared
            return best / (best + scores[index])
        }
    }

    /// The greatest of some values besides any one of them.
    private struct BestTwo {
        private var first: (index: Int, value: Double)
        private var second = -Double.infinity

        /// - Parameter values: two at least.
        init(_ values: [Double]) {
            first = (0, values[0])
            for (index, value) in values.enumerated().dropFirst() {
                if value > first.value {
                    (first, second) = ((index, value), first.value)
                } else {
                    second = max(second, value)
                }
            }
        }

        func best(besides index: Int) -> Double { index == first.index ? second : first.value }
    }

    /// What ``WeightedChoice`` compares, for a weight of 1 each.
    private static func scores(_ effective: EffectiveRoute, _ key: ByteSlice) -> [Double] {
        let salt = RouteCompiler.stickyKey(of: effective.virtualService)
        var occurrences: [Destination: Int] = [:]
        return effective.route.destinations.map { weighted in
            let subset = weighted.destination.subset
            let identity = Destination(host: effective.resolve(weighted.destination), subset: subset)
            var hash = WeightedChoice.stickyHash(
                key: salt,
                host: identity.host,
                subset: subset ?? "",
                occurrence: occurrences[identity] ?? 0
            )
            // A destination of weight 0 is none for the proxy.
            if weighted.weight ?? 0 > 0 { occurrences[identity, default: 0] += 1 }
            hash.update(key)
            return WeightedChoice.stickyScore(weight: 1, hash: hash.finish())
        }
    }
}

extension StickyChoice.Key {
    /// `nil` for a route whose traffic is not sticky.
    init?(_ route: RouteHandle) {
        let record = route.record.pointee.sticky
        switch record.source {
        case .none: return nil
        case .header: source = .header
        case .cookie: source = .cookie
        case .queryParameter: source = .queryParameter
        case .sourceAddress: source = .sourceAddress
        }
        name = record.name.text
    }
}
