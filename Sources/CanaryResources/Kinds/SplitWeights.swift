// SPDX-License-Identifier: Apache-2.0

/// The weights of a list of destinations as they count: a lone destination takes everything whatever its weight, a missing weight
/// is zero, and none is negative or above the 32 bits that Istio has for it.
package struct SplitWeights: Sendable {
    package let counting: [Int]

    package init(_ weights: [Int?]) {
        counting = weights.count == 1 ? [1] : weights.map { max(0, min($0 ?? 0, Int(Int32.max))) }
    }

    /// Zero where nobody gets anything.
    package var sum: Int { counting.reduce(0, +) }

    /// Weight by sum; zeros where the sum is zero.
    package var shares: [Double] {
        let sum = sum
        return counting.map { sum > 0 ? Double($0) / Double(sum) : 0 }
    }
}

extension [WeightedDestination] {
    package var splitWeights: SplitWeights { SplitWeights(map(\.weight)) }
}
