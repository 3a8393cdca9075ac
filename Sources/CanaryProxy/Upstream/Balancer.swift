// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The choice among endpoints, as pure functions.
enum Balancer {
    /// An index with a chance in proportion to its weight.
    static func draw(_ endpoints: UnsafeBufferPointer<EndpointRecord>, random: UInt64) -> Int {
        guard haveOneWeight(endpoints) else {
            return index(endpoints, at: random.multipliedFullWidth(by: totalWeight(endpoints)).high)
        }
        return Int(random.multipliedFullWidth(by: UInt64(endpoints.count)).high)
    }

    /// The index whose turn it is; heavier ones have several turns in a row.
    static func turn(_ endpoints: UnsafeBufferPointer<EndpointRecord>, _ turn: UInt64) -> Int {
        guard !haveOneWeight(endpoints) else { return Int(turn % UInt64(endpoints.count)) }
        return index(endpoints, at: turn % totalWeight(endpoints))
    }

    /// Highest random weight (Thaler and Ravishankar, 1998), with weights as in the choice of a version: when endpoints come
    /// or go, only their own users move. It depends on addresses, weights and the hash alone, so that all proxies agree.
    static func rendezvous(_ endpoints: UnsafeBufferPointer<EndpointRecord>, hash: UInt64) -> Int {
        haveOneWeight(endpoints)
            ? best(endpoints) { Double(mix(hash ^ mix($0.hash)) >> 11) }
            : best(endpoints) {
                WeightedChoice.stickyScore(weight: UInt64(max($0.weight, 1)), hash: mix(hash ^ mix($0.hash)))
            }
    }

    private static func best(
        _ endpoints: UnsafeBufferPointer<EndpointRecord>,
        _ score: (EndpointRecord) -> Double
    ) -> Int {
        var best = 0
        var bestScore = -1.0
        for index in 0..<endpoints.count {
            let score = score(endpoints[index])
            if score > bestScore {
                best = index
                bestScore = score
            }
        }
        return best
    }

    private static func haveOneWeight(_ endpoints: UnsafeBufferPointer<EndpointRecord>) -> Bool {
        for endpoint in endpoints where endpoint.weight != endpoints[0].weight { return false }
        return true
    }

    private static func totalWeight(_ endpoints: UnsafeBufferPointer<EndpointRecord>) -> UInt64 {
        var total: UInt64 = 0
        for endpoint in endpoints { total &+= UInt64(max(endpoint.weight, 1)) }
        return total
    }

    private static func index(_ endpoints: UnsafeBufferPointer<EndpointRecord>, at position: UInt64) -> Int {
        var left = position
        for index in 0..<endpoints.count {
            let weight = UInt64(max(endpoints[index].weight, 1))
            if left < weight { return index }
            left &-= weight
        }
        return endpoints.count - 1
    }

    /// The finaliser of SplitMix64.
    private static func mix(_ value: UInt64) -> UInt64 {
        var word = value &+ 0x9E37_79B9_7F4A_7C15
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
