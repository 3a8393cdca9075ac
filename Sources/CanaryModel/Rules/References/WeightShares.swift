// SPDX-License-Identifier: Apache-2.0

/// The shares that the entries of a destination list declare: weight by sum, and everything for a lone one.
struct WeightShares {
    /// Those that receive something, with their share of 1.
    let positive: [(entry: Located, share: Double)]

    init(_ entries: [Located]) {
        let entries = entries.filter { !$0.isNull }
        guard entries.count > 1 else {
            positive = entries.map { ($0, 1) }
            return
        }
        let weights = entries.map { max(0, Double($0["weight"]?.integer ?? 0)) }
        let sum = weights.reduce(0, +)
        positive = zip(entries, weights).filter { $0.1 > 0 }.map { ($0.0, $0.1 / sum) }
    }

    /// `10 %`, `0.25 %`: at most four decimals.
    static func percent(_ share: Double) -> String {
        let scaled = Int64((share * 1_000_000).rounded())
        let whole = scaled / 10_000
        var digits = String(scaled % 10_000)
        digits = String(repeating: "0", count: 4 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return digits.isEmpty ? "\(whole) %" : "\(whole).\(digits) %"
    }
}
