// SPDX-License-Identifier: Apache-2.0

/// What the judge would have said of the last attempt of a rollout, with its own rules or with others, and what Flagger's and Argo's
/// would have done with the same requests.
package struct JournalReplay: Sendable {
    /// Until the canary is taken back, or the journal's end.
    package private(set) var judge = PolicyRun()
    package private(set) var flagger = PolicyRun()
    package private(set) var argo = PolicyRun()
    /// As of the same moment.
    package private(set) var state: RolloutState
    private var flaggersRules = FlaggerPolicy()
    private var argosRules = ArgoPolicy()
    /// What has been counted since the last whole second.
    private var waiting = ArmPair()
    private var waited = Duration.zero
    private var judged = Duration.zero

    /// `nil` where the entries are no journal.
    ///
    /// - Parameter change: what is to be different in the plan.
    package init?(_ journal: [JournalEntry], change: (inout RolloutPlan) -> Void = { _ in }) {
        guard case .started(var plan) = journal.first?.event else { return nil }
        change(&plan)
        state = RolloutState(plan)
        let attempt = journal.lastIndex { if case .retried = $0.event { true } else { false } } ?? 0
        for entry in journal[...attempt] {
            guard state.apply(entry) else { return nil }
        }
        for entry in journal[(attempt + 1)...] {
            // Behind its verdict the judge has nothing to say, and the others go on.
            if judge.outcome != .takenBack {
                guard state.apply(entry) else { return nil }
                judge(entry)
            }
            if case .watched(let time, let growth) = entry.event { watch(time, growth) }
        }
    }

    private mutating func judge(_ entry: JournalEntry) {
        switch entry.event {
        case .watched(let time, let growth): judge(time, growth)
        case .settingInForce(.split(let share), _, _):
            judge.steps.append(PolicyRun.Step(second: judge.seconds, share: share))
        case .promoted: judge.outcome = .promoted
        // For its failures after the promotion.
        case .aborted(.alarm) where judge.outcome == .promoted: judge.outcome = .takenBack
        default: break
        }
        judge.reason = state.message
        guard judge.outcome == nil, let alarm = state.judge.alarm else { return }
        judge.outcome = .takenBack
        judge.reason = state.judge.sentence(alarm, canary: state.plan.canary)
    }

    private mutating func judge(_ time: Duration, _ growth: [String: ArmPair]) {
        judged += time
        judge.seconds = Int(clamping: judged.components.seconds)
        for counts in growth.values {
            judge.canaryRequests &+= counts.canary.assigned
            judge.canaryErrors &+= counts.canary.errors
        }
    }

    private mutating func watch(_ time: Duration, _ growth: [String: ArmPair]) {
        for counts in growth.values { waiting.add(counts) }
        waited += time
        while waited >= .seconds(1) {
            waited -= .seconds(1)
            flagger.add(waiting, to: &flaggersRules)
            argo.add(waiting, to: &argosRules)
            waiting = ArmPair()
        }
    }
}
