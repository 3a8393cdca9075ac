// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The weights of a route do not sum to 100, so that they are no percentages: Istio divides each by their sum. A sum of
/// 1000, 10000 and so on is taken for percentages with decimals, and one of at most 20 for a ratio, such as 1 to 1.
enum WeightSumRule: ObjectRule {
    static let code = RuleCode("CAN1103")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    /// What `set-weight` writes where whole percentages are not fine enough goes up to a million.
    private static let percentages: Set<Double> = [100, 1_000, 10_000, 100_000, 1_000_000]

    /// Nobody means percentages by weights that sum to this or less.
    private static let mostOfRatio = 20.0

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard
            object.destinationLists.contains(where: { list in
                list.count > 1 && !percentages.contains(list.reduce(0) { $0 + Double($1.weight ?? 0) })
            })
        else { return }
        for route in object.httpRoutes + object.tlsRoutes + object.tcpRoutes {
            // Missing and negative weights are findings of their own.
            guard let list = route["route"], list.items.allSatisfy({ ($0["weight"]?.integer ?? -1) >= 0 })
            else { continue }
            let shares = WeightShares(list.items)
            guard let sum = shares.sum, sum > mostOfRatio, !percentages.contains(sum),
                let whole = Int64(exactly: sum)
            else { continue }
            report.add(
                at: list,
                "the weights sum to \(whole), not to 100: the shares are \(shares.summary)",
                hint: "write the percentages as weights"
            )
        }
    }
}
