// SPDX-License-Identifier: Apache-2.0

/// The choice among a cluster's endpoints, as Envoy's balancers make it. Indices are those of
/// ``DestinationHandle/endpoints``; random numbers must be uniform over all 64-bit values.
package enum EndpointChoice {
    /// Each with the same chance. Envoy's RANDOM knows no weights; where they differ, ``weighted(_:random:)`` keeps to what
    /// Istio's API promises for them.
    package static func uniform(count: Int, random: UInt64) -> Int {
        Int(random.multipliedFullWidth(by: UInt64(max(count, 1))).high)
    }

    /// Each with a chance in proportion to its weight, which counts as 1 at least.
    package static func weighted(_ endpoints: UnsafeBufferPointer<EndpointRecord>, random: UInt64) -> Int {
        var total: UInt64 = 0
        for endpoint in endpoints { total &+= UInt64(max(endpoint.weight, 1)) }
        var left = random.multipliedFullWidth(by: total).high
        for index in 0..<endpoints.count {
            let weight = UInt64(max(endpoints[index].weight, 1))
            if left < weight { return index }
            left &-= weight
        }
        return max(endpoints.count - 1, 0)
    }

    /// Of two that are drawn with replacement, the one with fewer requests under way: LEAST_REQUEST where weights are equal
    /// (Mitzenmacher, "The Power of Two Choices", 2001; `LeastRequestLoadBalancer::unweightedHostPick`).
    package static func leastRequest(
        count: Int,
        random: (UInt64, UInt64),
        activeRequests: (Int) -> UInt32
    ) -> Int {
        let one = uniform(count: count, random: random.0)
        let other = uniform(count: count, random: random.1)
        return activeRequests(other) < activeRequests(one) ? other : one
    }

    /// What a ``WeightedSchedule`` is asked with where weights differ or an endpoint warms up: LEAST_REQUEST divides by the
    /// requests under way (`LeastRequestLoadBalancer::hostWeight` with an active request bias of 1).
    package static func leastRequestWeight(_ weight: Double, activeRequests: UInt32) -> Double {
        weight / (Double(activeRequests) + 1)
    }

    package static func haveOneWeight(_ endpoints: UnsafeBufferPointer<EndpointRecord>) -> Bool {
        for endpoint in endpoints where endpoint.weight != endpoints[0].weight { return false }
        return true
    }
}
