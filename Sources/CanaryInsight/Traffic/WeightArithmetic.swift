// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// From wanted shares to the weights that are stored, in whole numbers throughout.
package enum WeightArithmetic {
    /// Some destinations that get a share together; among themselves they keep their proportions.
    package struct Group: Sendable {
        package var indices: [Int]
        package var share: Percentage

        package init(_ indices: [Int], _ share: Percentage) {
            self.indices = indices
            self.share = share
        }
    }

    /// The stored weights of a route: they sum to 100, or to the first power of ten up to 1,000,000 in which every share is
    /// whole; where none is, to 1,000,000 by largest remainder (ties to the earlier destination).
    ///
    /// `current` holds the weights so far. A group's shares keep the proportions of `current`, or are equal where all of
    /// these are 0; indices without a group become 0. No index may be in two groups, the groups' shares must sum to 100 %, and a
    /// group without indices must have no share.
    package static func weights(current: [Int], groups: [Group]) -> [Int] {
        let shares = shares(current, groups)
        for total in [100, 1000, 10_000, 100_000] as [UInt128] {
            if let weights = whole(shares, total) { return weights }
        }
        return whole(shares, 1_000_000) ?? byLargestRemainder(shares)
    }

    /// Whether two lists of weights mean the same split. A single destination takes everything, whatever its weight.
    package static func isSameSplit(_ left: [Int], _ right: [Int]) -> Bool {
        guard left.count == right.count else { return false }
        guard left.count > 1 else { return true }
        let (leftSum, rightSum) = (sum(left), sum(right))
        return zip(left, right).allSatisfy {
            bounded($0) * rightSum == bounded($1) * leftSum
        } && (leftSum == 0) == (rightSum == 0)
    }

    /// A share of the whole: numerator / (denominator * 1,000,000).
    private struct Share {
        var numerator: UInt128 = 0
        var denominator: UInt128 = 1
    }

    private static func shares(_ current: [Int], _ groups: [Group]) -> [Share] {
        var shares = current.map { _ in Share() }
        for group in groups {
            let indices = group.indices.filter(current.indices.contains)
            let weights = indices.map { current[$0] }
            let total = sum(weights)
            for (index, weight) in zip(indices, weights) {
                let part = total == 0 ? 1 : bounded(weight)
                shares[index] = Share(
                    numerator: UInt128(clamping: group.share.millionths) * part,
                    denominator: total == 0 ? UInt128(indices.count) : total
                )
            }
        }
        return shares
    }

    private static func sum(_ weights: [Int]) -> UInt128 {
        weights.reduce(0) { $0 + bounded($1) }
    }

    /// Weights are 32-bit numbers in Istio; the bound rules out overflow.
    private static func bounded(_ weight: Int) -> UInt128 {
        UInt128(max(0, min(weight, Int(Int32.max))))
    }

    /// The weights that sum to `total`, if every share is whole.
    private static func whole(_ shares: [Share], _ total: UInt128) -> [Int]? {
        var weights: [Int] = []
        for share in shares {
            let (weight, remainder) = (share.numerator * total)
                .quotientAndRemainder(dividingBy: share.denominator * 1_000_000)
            guard remainder == 0 else { return nil }
            weights.append(Int(clamping: weight))
        }
        return weights
    }

    private static func byLargestRemainder(_ shares: [Share]) -> [Int] {
        let parts = shares.map { $0.numerator.quotientAndRemainder(dividingBy: $0.denominator) }
        var weights = parts.map { Int(clamping: $0.quotient) }
        let missing = 1_000_000 - weights.reduce(0, +)
        let order = shares.indices.sorted { left, right in
            let mine = parts[left].remainder * shares[right].denominator
            let other = parts[right].remainder * shares[left].denominator
            return mine == other ? left < right : mine > other
        }
        for index in order.prefix(max(missing, 0)) where parts[index].remainder > 0 { weights[index] += 1 }
        return weights
    }
}
