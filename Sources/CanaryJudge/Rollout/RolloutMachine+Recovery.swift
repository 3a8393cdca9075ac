// SPDX-License-Identifier: Apache-2.0

/// What is known of a rollout besides a journal of which a part cannot be read.
package struct RolloutRemains: Sendable, Equatable {
    package var damage: JournalReading.Damage
    /// The phase, as it was last written for those who read no journals.
    package var phase: RolloutState.Phase?
    /// What the route does, and since which commit; `nil` where nobody can say.
    package var setting: RouteSetting?
    package var epoch: String?
    /// Whose that commit is; `nil` for the rollout's own.
    package var stranger: String?

    package init(
        _ damage: JournalReading.Damage,
        phase: RolloutState.Phase?,
        setting: RouteSetting? = nil,
        epoch: String? = nil,
        stranger: String? = nil
    ) {
        self.damage = damage
        self.phase = phase
        self.setting = setting
        self.epoch = epoch
        self.stranger = stranger
    }
}

extension RolloutMachine {
    /// Takes over a journal of which a part cannot be read, behind the last good entry; `nil` where another controller's term is as high.
    ///
    /// What was decided since is lost, so that nothing goes on by itself: the route stays as it is until somebody says `resume`, `promote`
    /// or `abort`. The canary is taken back where it was before, and where the manifest wants that of a rollout that nobody watches; what
    /// was promoted stays so. What proxies have counted since counts: of epochs that are known, and of the present one.
    package static func recover(
        _ state: RolloutState,
        _ remains: RolloutRemains,
        term: UInt64,
        at moment: Moment
    ) -> (Self, RolloutOutcome)? {
        guard term > state.term else { return nil }
        var machine = RolloutMachine(state: state, term: term, moment)
        var outcome = RolloutOutcome()
        let next = remains.damage.last + 1
        machine.note(.recovered(behind: state.number), as: next, moment, &outcome)
        machine.note(.tookOver(term: term), moment, &outcome)
        machine.takeRoute(remains, moment, &outcome)
        machine.hold(remains, moment, &outcome)
        return (machine, outcome)
    }

    /// Knows the route as it is.
    private mutating func takeRoute(
        _ remains: RolloutRemains,
        _ moment: Moment,
        _ outcome: inout RolloutOutcome
    ) {
        guard let epoch = remains.epoch, !state.hasRoute(remains.setting, in: epoch) else { return }
        if let setting = remains.setting, remains.stranger == nil {
            note(.settingInForce(setting, epoch: epoch, counted: ArmPair()), moment, &outcome)
        } else {
            note(
                .edited(remains.setting, epoch: epoch, by: remains.stranger ?? "somebody"),
                moment,
                &outcome
            )
        }
    }

    private mutating func hold(
        _ remains: RolloutRemains,
        _ moment: Moment,
        _ outcome: inout RolloutOutcome
    ) {
        let text = "\(remains.damage), and what it did since is not known"
        let fallsBack = state.plan.onControllerLost.fallsBack && state.plan.onAbort != .freeze
        switch (state.phase, remains.phase) {
        case (.promoted, .promoted), (.promoted, nil): outcome.notices.append(text)
        // It was taken back behind the promotion, or begun again.
        case (_, .aborted), (.promoted, _): abort(state.abort ?? .damage(text), moment, &outcome)
        case (_, .promoted): halt(.damage(text), moment, &outcome)
        case _ where fallsBack: abort(.damage(text), moment, &outcome)
        default: halt(.damage(text), moment, &outcome)
        }
    }
}
