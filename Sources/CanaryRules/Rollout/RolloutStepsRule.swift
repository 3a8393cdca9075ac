// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Rollout's steps take back what an earlier step gave, or one gives the canary nothing.
///
/// Shares rise, or stay as they are; copies and matching requests come before the first share, since the canary would lose it
/// again. Without any request nothing can be learnt in a step, so that it would never end.
enum RolloutStepsRule: ObjectRule {
    static let code = RuleCode("CAN1202")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var highest = Percentage.zero
        for place in object.spec?["steps"]?.items ?? [] {
            guard let step = RolloutStep(place.node) else { continue }
            switch step.setting {
            case .split(let share):
                let place = place["weight"] ?? place
                if share == .zero {
                    addEmpty(place, &report)
                } else if share < highest {
                    report.add(
                        at: place,
                        "the steps fall from \(highest) % to \(share) %",
                        hint: "write \(highest) or more, or leave the step out"
                    )
                }
                highest = max(highest, share)
            case .mirror(let part):
                if part == .zero { addEmpty(place.field("mirror"), &report) }
                addLate("mirror", place, highest, &report)
            case .match: addLate("match", place, highest, &report)
            }
        }
    }

    private static func addEmpty(_ place: Located, _ report: inout RuleReport) {
        report.add(
            at: place,
            "the canary gets nothing in this step, so that it would never end",
            hint: "write a share above 0, or leave the step out"
        )
    }

    private static func addLate(
        _ key: String,
        _ step: Located,
        _ highest: Percentage,
        _ report: inout RuleReport
    ) {
        guard highest > .zero else { return }
        report.add(
            at: step.field(key),
            "a step with \"\(key)\" takes back the \(highest) % of the step before it",
            hint: "put it before the first share"
        )
    }
}
