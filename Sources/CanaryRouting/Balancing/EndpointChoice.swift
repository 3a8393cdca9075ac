// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// The choice among a cluster's endpoints, as Envoy's balancers make it. Indices are those of
/// ``DestinationHandle/endpoints``; random numbers must be uniform over all 64-bit values.
package enum EndpointChoice {
    /// Each with the same chance.
    package static func uniform(count: Int, random: UInt64) -> Int {
        Int(random.multipliedFullWidth(by: UInt64(max(count, 1))).high)
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

    package static func haveOneWeight(_ endpoints: BorrowedList<EndpointRecord>) -> Bool {
        for endpoint in endpoints where endpoint.weight != endpoints[0].weight { return false }
        return true
    }
}
