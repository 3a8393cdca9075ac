// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What a Rollout's `analysis.errors.statuses` lists is no status that can be an error.
///
/// It lists statuses from 300 to 599, and `3xx`, `4xx` and `5xx` for all of a hundred. Requests that get no answer, or not all of one,
/// are errors whatever it says.
enum RolloutStatusesRule: ObjectRule {
    static let code = RuleCode("CAN1208")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for place in object.spec?["analysis"]?["errors"]?["statuses"]?.items ?? [] {
            guard ErrorStatuses.Entry(place.node) == nil,
                let text = place.node.string ?? place.node.integer.map(String.init)
            else { continue }
            report.add(
                at: place,
                "\"\(text)\" is no status that can be an error",
                hint: hint(text)
            )
        }
    }

    private static func hint(_ text: String) -> String {
        let lower = text.lowercased()
        if ErrorStatuses.Entry(lower) != nil { return "write \(lower)" }
        return "write a number from 300 to 599, or 4xx or 5xx for all that begin so"
    }
}
