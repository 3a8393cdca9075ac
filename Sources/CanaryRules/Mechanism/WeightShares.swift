// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The shares that the entries of a destination list declare: weight by sum, and everything for a lone one.
struct WeightShares {
    /// Those that receive something, with their share of 1.
    let positive: [(entry: Located, share: Double)]
    /// Of the weights of several entries; `nil` for a lone one, whose weight does not matter.
    let sum: Double?

    init(_ entries: [Located]) {
        let entries = entries.filter { !$0.isNull }
        let weights = SplitWeights(entries.map { $0["weight"]?.integer.map { Int($0) } })
        positive = zip(entries, weights.shares).filter { $0.1 > 0 }.map { ($0.0, $0.1) }
        sum = entries.count > 1 ? Double(weights.sum) : nil
    }

    /// `v1 90 %, v2 10 %`: at most eight of them.
    var summary: String {
        let shares = positive.prefix(8).map { entry, share in
            "\(Destination(entry.node["destination"]).shortName) \(Self.percent(share))"
        }
        return shares.joined(separator: ", ") + (positive.count > 8 ? " …" : "")
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

extension Destination {
    /// How lists of shares name it: by its subset, else by its host.
    var shortName: String { subset ?? host }

    /// How sentences name it: `the subset "v2" of "reviews"`, `"reviews"`.
    var label: String {
        subset.map { "the subset \"\($0)\" of \"\(host)\"" } ?? "\"\(host)\""
    }
}
