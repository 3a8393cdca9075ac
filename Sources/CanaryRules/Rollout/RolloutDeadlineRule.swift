// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc

/// No step of a Rollout can be done within its `stepDeadline`, whatever the traffic is.
///
/// A step that is held for longer than the deadline pauses the rollout before it is over. And where shares and `alpha` are very small,
/// even a canary that fails every request would not be told from a good one in time, at a hundred thousand requests a second: each request
/// has at most w ln(1/w) of the ln(1/alpha) that are needed.
enum RolloutDeadlineRule: ObjectRule {
    static let code = RuleCode("CAN1209")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.rollout]

    /// Requests a second that no proxy of one machine has.
    private static let greatestRate = 100_000.0

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.resource.rollout, let deadline = spec.stepDeadline,
            let place = object.spec?["stepDeadline"]
        else { return }
        if let hold = spec.steps.compactMap({ $0.hold ?? spec.hold }).max(), hold > deadline {
            report.add(
                at: place,
                "a step is held for longer than \"stepDeadline\": the rollout would pause in it",
                hint: "write a longer deadline, or a shorter \"hold\""
            )
        } else if let share = spec.steps.compactMap(share).min(), spec.ramp == .evidence,
            requests(toTell: share, spec.analysis.alpha ?? 0.01) > deadline.inSeconds * greatestRate
        {
            report.add(
                at: place,
                "at \(share) % no evidence could be strong enough for \"alpha\" within \"stepDeadline\"",
                hint: "write a longer deadline, or let the first step have more"
            )
        }
    }

    private static func share(_ step: RolloutStep) -> Percentage? {
        guard case .split(let share) = step.setting, share > .zero, share < .whole else { return nil }
        return share
    }

    /// Of a canary that fails all requests beside a stable version that fails none, in the mean.
    private static func requests(toTell share: Percentage, _ alpha: Double) -> Double {
        let part = Double(share.millionths) / Double(Percentage.whole.millionths)
        return -log(max(alpha, 1e-300)) / (part * -log(part))
    }
}

extension Duration {
    fileprivate var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
