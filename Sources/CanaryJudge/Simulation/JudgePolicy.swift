// SPDX-License-Identifier: Apache-2.0

/// A rollout as the controller runs it, with a route and proxies that do at once what is wanted.
package struct JudgePolicy: RolloutPolicy {
    package private(set) var machine: RolloutMachine
    package private(set) var journal: [JournalEntry] = []
    private var totals: [String: ArmPair] = [:]
    private var epoch = 0
    private var setting = RouteSetting.stable
    private var time: Int64 = 0

    package init(_ plan: RolloutPlan) {
        var plan = plan
        // Nobody is there who could be asked or told.
        (plan.gates, plan.notices) = ([], [])
        let (machine, outcome) = RolloutMachine.start(plan, term: 1, at: Moment(wall: 0, monotonic: 0))
        self.machine = machine
        act(on: outcome)
    }

    package var share: Share {
        if case .split(let share) = setting { share } else { .none }
    }

    /// The promotion ends it only when nobody watches any more.
    package var outcome: PolicyOutcome? {
        switch machine.state.phase {
        case .aborted: .takenBack
        case .promoted where machine.state.isWatchOver: .promoted
        default: nil
        }
    }

    package var reason: String { machine.state.message }

    package mutating func second(_ counts: ArmPair) {
        time += 1000
        totals["\(epoch)", default: ArmPair()].add(counts)
        handle(.tick(EvidenceReading(epochs: totals, proxies: ["simulated"])))
    }

    package mutating func handle(_ input: RolloutInput) {
        act(on: machine.handle(input, at: Moment(wall: time, monotonic: time)))
    }

    private mutating func act(on outcome: RolloutOutcome) {
        journal += outcome.entries
        guard let wanted = outcome.setting?.setting else { return }
        if wanted != setting {
            setting = wanted
            epoch += 1
        }
        handle(.settingInForce(wanted, epoch: "\(epoch)", counted: totals["\(epoch)"] ?? ArmPair()))
    }
}

extension RolloutState {
    /// The entry of a journal at which these rules would have alarmed, and the sentence; `nil` where they would not, or where it is no
    /// journal.
    package static func firstAlarm(
        in journal: some Sequence<JournalEntry>,
        rules: JudgeRules
    ) -> (entry: JournalEntry, sentence: String)? {
        var state: RolloutState?
        for entry in journal {
            if state == nil, case .started(var plan) = entry.event {
                plan.rules = rules
                state = RolloutState(plan)
            }
            guard state?.apply(entry) == true else { return nil }
            if let state, let metric = state.judge.alarm {
                return (entry, state.judge.sentence(metric, canary: state.plan.canary))
            }
        }
        return nil
    }
}
