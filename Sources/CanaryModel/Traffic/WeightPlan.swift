// SPDX-License-Identifier: Apache-2.0

/// A share of a route's requests, exact to a millionth: percentages with up to four decimals.
package struct Share: Hashable, Sendable, Comparable {
    /// 0…1,000,000.
    package let millionths: UInt32

    package static let whole = Share(millionths: 1_000_000)
    package static let zero = Share(millionths: 0)

    private init(millionths: UInt32) {
        self.millionths = millionths
    }

    /// Reads a percentage as people type it: `10`, `10%`, `0.5`, `33.3333`. `nil` for anything else, more than four
    /// decimals or more than 100 included.
    package init?(percentage text: String) {
        let digits = text.hasSuffix("%") ? text.dropLast() : text[...]
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let decimals = parts.count == 2 ? parts[1] : ""
        guard !parts[0].isEmpty, parts[0].utf8.count <= 3, decimals.utf8.count <= 4,
            parts.count == 1 || !decimals.isEmpty,
            (parts[0] + decimals).utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        let padded = parts[0] + decimals + String(repeating: "0", count: 4 - decimals.utf8.count)
        guard let value = UInt32(padded), value <= Self.whole.millionths else { return nil }
        millionths = value
    }

    package static func < (left: Share, right: Share) -> Bool { left.millionths < right.millionths }

    /// Between 0 and 1.
    package var fraction: Double { Double(millionths) / 1_000_000 }
}

/// The weights that `set-weight` stores, in exact arithmetic.
///
/// Weights sum to 100, or to the first power of ten up to 1,000,000 in which every share is whole; where there is none,
/// to 1,000,000 by the largest remainder.
package enum WeightPlan {
    /// Gives one destination a share; the others keep their proportions in the rest, and share it equally where all of
    /// them are zero.
    ///
    /// - Parameters:
    ///   - weights: the route's weights now, none negative.
    ///   - target: the destination's place among them. Where it is the only one, its share must be the whole.
    package static func weights(giving share: Share, to target: Int, of weights: [Int]) -> [Int] {
        var parts = weights.enumerated().map { $0.offset == target ? 0 : UInt128($0.element) }
        if parts.allSatisfy({ $0 == 0 }) {
            for index in parts.indices where index != target { parts[index] = 1 }
        }
        let total = parts.reduce(0, +)
        guard total > 0 else { return [100] }
        let rest = UInt128(Share.whole.millionths - share.millionths)
        // All shares over the common denominator whole * total.
        let numerators = parts.indices.map { index in
            index == target ? UInt128(share.millionths) * total : rest * parts[index]
        }
        return scaled(numerators, denominator: UInt128(Share.whole.millionths) * total)
    }

    /// Gives every destination its share. They sum to the whole.
    package static func weights(for shares: [Share]) -> [Int] {
        scaled(shares.map { UInt128($0.millionths) }, denominator: UInt128(Share.whole.millionths))
    }

    private static func scaled(_ numerators: [UInt128], denominator: UInt128) -> [Int] {
        for sum: UInt128 in [100, 1000, 10_000, 100_000, 1_000_000]
        where numerators.allSatisfy({ $0 * sum % denominator == 0 }) {
            return numerators.map { Int($0 * sum / denominator) }
        }
        return byLargestRemainder(numerators, denominator: denominator, sum: 1_000_000)
    }

    /// Rounds down, then gives what is missing to those that lost most; ties to the earlier one.
    private static func byLargestRemainder(_ numerators: [UInt128], denominator: UInt128, sum: UInt128)
        -> [Int]
    {
        var weights = numerators.map { Int($0 * sum / denominator) }
        let byLoss = numerators.indices.sorted { left, right in
            let (lost, other) = (numerators[left] * sum % denominator, numerators[right] * sum % denominator)
            return lost == other ? left < right : lost > other
        }
        for index in byLoss.prefix(Int(sum) - weights.reduce(0, +)) { weights[index] += 1 }
        return weights
    }
}
