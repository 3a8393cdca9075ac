// SPDX-License-Identifier: Apache-2.0

extension JournalEntry {
    /// A line of `rollout history` and `rollout watch`; `nil` for what is of no interest to people.
    ///
    /// - Parameter state: the rollout's, behind the entry.
    package func sentence(_ state: RolloutState) -> String? {
        let plan = state.plan
        switch event {
        case .started:
            let steps = plan.steps.map { "\($0.setting)" }.joined(separator: ", ")
            let ramp = plan.ramp == .fixed ? "time" : "evidence"
            return "started: \(plan.stable) → \(plan.canary) in steps of \(steps), by \(ramp)"
        case .tookOver(let term): return term > 1 ? "a controller took over" : nil
        case .recovered(let behind):
            let damage = JournalReading.Damage(first: behind + 1, last: number - 1)
            return "\(damage): it goes on behind entry \(behind)"
        case .watched: return nil
        case .countsLost: return "counts were lost: evidence goes on from what is left"
        case .proxies(let came, let vanished):
            let parts = [(came, "came"), (vanished, "vanished")].filter { !$0.0.isEmpty }
            return parts.map { "proxy \($0.sorted().joined(separator: ", ")) \($1)" }.joined(separator: "; ")
        case .trafficStopped: return "\(plan.canary) gets no requests"
        case .trafficCame: return "\(plan.canary) gets requests again"
        case .stepBegan(let index): return "step \(index + 1) of \(plan.steps.count): \(state.stepSetting)"
        case .settingInForce(let setting, _, _): return "\(plan.canary) gets \(setting)"
        case .settingFailed(let text): return "the route could not be set: \(text)"
        case .edited(let setting, _, let author):
            return
                "\(author) changed the route's weights\(setting.map { ": \(plan.canary) gets \($0)" } ?? "")"
        case .gatesAsked: return nil
        case .gateAnswered(let name, let answer): return "metric \"\(name)\": \(answer)"
        case .notified(let key, let failure):
            return failure.map { "notification \(key.receiver + 1) was not delivered: \($0)" }
        case .splitDistrusted: return "the requests are not split as declared"
        case .alarmed(let sentence): return "\(plan.canary) is worse, and nothing is done: \(sentence)"
        case .paused: return state.message
        case .resumed(let order): return "resumed \(Self.text(order))"
        case .promoted(let order): return "promoted\(order.map { " \(Self.text($0))" } ?? "")"
        case .aborted(let cause): return "aborted: \(cause)"
        case .retried(let order): return "attempt \(state.attempt) \(Self.text(order))"
        case .watchEnded: return "nobody watches \(plan.canary) any more"
        case .manifestChanged(let author): return "\(author) changed its manifest: it goes on as it was begun"
        case .manifestDeleted(let author): return "\(author) deleted it: the route stays as it is"
        }
    }

    private static func text(_ order: Order) -> String {
        "by \(order.by)\(order.reason.isEmpty ? "" : ": \(order.reason)")"
    }
}
