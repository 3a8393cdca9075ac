// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// `retryOn` holds something that is neither one of Envoy's conditions nor an HTTP status. Conditions are separated by
/// commas without spaces.
enum RetryConditionsRule: ObjectRule {
    static let code = RuleCode("CAN0233", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    private static let conditions: Set<String> = [
        "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "retriable-4xx",
        "refused-stream",
        "retriable-status-codes", "retriable-headers", "envoy-ratelimited", "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded", "internal", "resource-exhausted", "unavailable",
    ]

    /// The codes for which Go's net/http knows a text.
    private static let statuses: Set<Int> = Set(100...103).union(200...208).union([226]).union(300...305)
        .union([307, 308]).union(400...418).union(421...426).union([428, 429, 431, 451]).union(500...508)
        .union([510, 511])

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for place in object.httpRoutes.compactMap({ $0["retries"]?["retryOn"] }) {
            guard let text = place.string, !text.isEmpty else { continue }
            for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
                if conditions.contains(word) || Int(word).map(statuses.contains) == true { continue }
                let trimmed = String(word.drop { $0 == " " }.prefix { $0 != " " })
                let near = Suggestion.closest(to: trimmed, among: conditions.sorted())
                report.add(
                    at: place,
                    "\"\(word)\" is not a condition for retries",
                    hint: near == trimmed
                        ? "remove the spaces after commas"
                        : near.map { "did you mean \"\($0)\"?" }
                            ?? "write conditions such as 5xx, connect-failure or a status"
                )
            }
        }
    }
}
