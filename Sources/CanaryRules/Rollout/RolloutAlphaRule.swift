// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Rollout's `alpha` is one that no traffic could ever satisfy, or that promises nothing.
///
/// It is the chance that a canary that is no worse is taken back. With 0 no evidence would ever do; above 0.5 more than every
/// second healthy canary could be taken back.
enum RolloutAlphaRule: ObjectRule {
    static let code = RuleCode("CAN1204")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let place = object.spec?["analysis"]?["alpha"], let alpha = place.node.number else { return }
        // Thresholds are 1/alpha and parts of it: below this they are not numbers any more.
        if alpha < 1e-100 {
            report.add(
                at: place,
                "no evidence could ever be strong enough for this \"alpha\"",
                hint: "write 0.01, or another number above 0"
            )
        } else if alpha > 0.5 {
            report.add(
                at: place,
                "\"alpha\" is above 0.5: more than every second healthy canary could be taken back",
                hint: alpha > 1 && alpha <= 50
                    ? "it is no percentage: write \(alpha / 100)" : "write 0.01, or another number up to 0.5"
            )
        }
    }
}
