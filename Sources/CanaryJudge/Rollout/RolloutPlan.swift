// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What a rollout is asked to do: the manifest, resolved.
package struct RolloutPlan: Sendable, Equatable {
    package enum Ramp: Sendable, Equatable {
        /// Up when the judge says fine.
        case evidence
        /// Up when the hold time is over, there was traffic, and no evidence of harm grows.
        case fixed
    }

    package struct Step: Sendable, Equatable {
        package var setting: RouteSetting
        /// At least so long; the plan's where it is `nil`.
        package var hold: Duration?
        /// Whether somebody has to say `resume` when all else is done.
        package var waitsForResume = false

        package init(_ setting: RouteSetting, hold: Duration? = nil, waitsForResume: Bool = false) {
            self.setting = setting
            self.hold = hold
            self.waitsForResume = waitsForResume
        }
    }

    package enum OnAbort: Sendable, Equatable {
        case takeBack
        /// Leaves the traffic as it is and waits for a person, where going back would do harm too.
        case freeze
    }

    /// A check by somebody else. It is asked while a step lasts, and once more before the next one. None can hold an abort back.
    package struct Gate: Sendable, Equatable {
        package var name: String
        package var abortsOnFailure: Bool
        /// How many failures in a row are put up with before one aborts.
        package var failureLimit: Int

        package init(_ name: String, abortsOnFailure: Bool = false, failureLimit: Int = 0) {
            self.name = name
            self.abortsOnFailure = abortsOnFailure
            self.failureLimit = failureLimit
        }
    }

    package var stable: String
    package var canary: String
    /// One that gives everything to the canary is the promotion; where there is none it follows the last one.
    package var steps: [Step]
    package var ramp = Ramp.evidence
    /// The hold time of steps that have none of their own; `nil` is the ramp's: a minute by the clock, five seconds by evidence.
    package var hold: Duration?
    package var rules = JudgeRules()
    /// After the canary's first request, how long its slowness counts for nothing.
    package var warmUp = Duration.zero
    /// A step that takes longer pauses the rollout.
    package var stepDeadline: Duration?
    package var gates: [Gate] = []
    /// What each receiver of notifications wants to know, in the manifest's order.
    package var notices: [Set<RolloutNotification.Event>] = []
    package var onAbort = OnAbort.takeBack
    /// How long the old version stays, and the judge watches, after the promotion.
    package var watch = Duration.seconds(600)
    /// Whether harm after the promotion takes the canary back by itself.
    package var takesBackAfterPromotion = true
    package var onControllerLost = ControllerLoss()
    /// The members of a group move and abort as one: see ``RolloutGroup``.
    package var group: String?

    package init(stable: String, canary: String, steps: [Step] = Self.usualSteps) {
        self.stable = stable
        self.canary = canary
        self.steps = steps
    }

    package static let usualSteps = [1, 5, 25, 50, 100].map { Step(.split(Share(percent: $0))) }

    /// The rules, with what the steps ask for.
    var judgeRules: JudgeRules {
        var rules = rules
        rules.judgesMirrors = steps.contains { $0.setting.assignment == .mirror }
        return rules
    }

    package func hold(of step: Step) -> Duration {
        step.hold ?? hold ?? (ramp == .fixed ? .seconds(60) : .seconds(5))
    }
}

/// How a route sends its requests while a rollout has it.
package enum RouteSetting: Hashable, Sendable {
    /// At random, with the canary's share of both.
    case split(Share)
    /// To the stable version; the canary gets copies of a part.
    case mirror(Share)
    /// To the stable version; the canary gets what matches the named condition.
    case focus(String)

    package static let stable = RouteSetting.split(.none)
    package static let canary = RouteSetting.split(.all)

    package var assignment: Assignment {
        switch self {
        case .split(let share): .split(share)
        case .mirror: .mirror
        case .focus: .focus
        }
    }

    /// The canary's part of both arms' requests.
    package var comparedShare: Share {
        switch self {
        case .split(let share): share
        // Stable has all requests, the canary copies of some.
        case .mirror(let share): Share(share.part, of: share.whole &+ share.part)
        case .focus: .all
        }
    }
}

/// `10 %`, `copies of 10 %`, `what matches "testers"`.
extension RouteSetting: CustomStringConvertible {
    package var description: String {
        switch self {
        case .split(let share): "\(share)"
        case .mirror(let share): "copies of \(share)"
        case .focus(let name): "what matches \"\(name)\""
        }
    }
}

/// What proxies do when nobody has watched a rollout for a while.
package struct ControllerLoss: Sendable, Equatable {
    package var after: Duration
    /// Whether all requests go to the stable version then. They must not be counted as the split's.
    package var fallsBack: Bool

    package init(after: Duration = .seconds(60), fallsBack: Bool = false) {
        self.after = after
        self.fallsBack = fallsBack
    }

    /// What is served instead of `setting` when the controller was last heard of `silence` ago.
    package func setting(_ setting: RouteSetting, silence: Duration) -> RouteSetting {
        fallsBack && silence >= after ? .stable : setting
    }
}
