// SPDX-License-Identifier: Apache-2.0

extension RolloutMachine {
    mutating func obey(
        _ command: Command,
        _ order: Order,
        _ moment: Moment,
        _ outcome: inout RolloutOutcome
    ) {
        // It was obeyed before a crash, and nobody knew.
        guard !state.hasSeen(order) else { return wantAgain(&outcome) }
        if let refusal = state.refusal(of: command) {
            outcome.refusal = refusal
            return
        }
        switch command {
        case .pause: halt(.order(order), moment, &outcome)
        case .resume:
            note(.resumed(order), moment, &outcome)
            wantAgain(&outcome)
        case .promote: promoteStep(order, moment, &outcome)
        case .promoteFull: promote(order, moment, &outcome)
        case .abort, .undo: abort(.order(order), moment, &outcome)
        case .retry:
            note(.retried(order), moment, &outcome)
            enterStep(0, moment, &outcome)
        }
    }

    private mutating func promoteStep(_ order: Order, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        let next = state.hasBegun ? state.step + 1 : 0
        let steps = state.plan.steps
        guard steps.indices.contains(next), steps[next].setting != .canary else {
            return promote(order, moment, &outcome)
        }
        note(.resumed(order), moment, &outcome)
        enterStep(next, moment, &outcome)
    }
}

extension RolloutState {
    /// Why a command cannot be obeyed now; `nil` where it can.
    package func refusal(of command: Command) -> String? {
        if isWithdrawn { return "its Rollout was deleted" }
        return refusalInPhase(command)
    }

    private func refusalInPhase(_ command: Command) -> String? {
        switch (command, phase) {
        case (.pause, .pending), (.pause, .progressing): nil
        case (.pause, .paused): "it is paused already"
        case (.resume, .paused): nil
        case (.resume, .promoted) where isEdited && !isWatchOver: nil
        case (.resume, .aborted): "it is aborted; \"retry\" begins again"
        case (.resume, _): "it is not paused"
        case (.promote, .aborted), (.promoteFull, .aborted): "it is aborted; \"retry\" begins again"
        case (.promote, .promoted), (.promoteFull, .promoted): "it is promoted already"
        case (.promote, _), (.promoteFull, _): nil
        case (.abort, .aborted), (.undo, .aborted): "it is aborted already"
        case (.undo, .promoted) where isWatchOver, (.abort, .promoted) where isWatchOver:
            "it ended, and the time to go back is over"
        case (.abort, _), (.undo, _): nil
        case (.retry, .aborted): nil
        case (.retry, _): "it is not aborted"
        case (.pause, _): "it ended"
        }
    }
}
