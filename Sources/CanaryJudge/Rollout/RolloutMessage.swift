// SPDX-License-Identifier: Apache-2.0

extension RolloutState {
    /// What the rollout waits for, or why it ended, in a sentence.
    package var message: String {
        if isWithdrawn { return "its Rollout was deleted; \(plan.canary) keeps what it gets" }
        guard isManifestChanged else { return ownMessage }
        return "\(ownMessage); its manifest was changed since, which a new start or \"retry\" takes up"
    }

    private var ownMessage: String {
        switch phase {
        case .pending: return "waiting for a controller"
        case .aborted: return abort.map(String.init(describing:)) ?? "aborted"
        case .promoted where isWatchOver: return "\(plan.canary) has all traffic"
        case .promoted where isEdited: return "the route was changed by somebody else"
        case .promoted:
            return
                "\(plan.canary) has all traffic; \(plan.stable) stays ready for \(left(clock.watch, plan.watch))"
        case .paused: return pause.map(sentence) ?? "paused"
        case .progressing: return progress
        }
    }

    private func sentence(_ cause: PauseCause) -> String {
        switch cause {
        case .order(let order) where order.reason.isEmpty: "paused by \(order.by)"
        case .order(let order): "paused by \(order.by): \(order.reason)"
        case .step: "step \(step + 1) is done and waits for \"resume\""
        case .edit(let author): "\(author) changed the route's weights; \"resume\" sets \(stepSetting) again"
        case .split: "requests are not split as declared, so nothing can be compared"
        case .deadline: "step \(step + 1) took too long"
        case .damage(let sentence): "\(sentence); \"resume\" sets \(stepSetting) again"
        case .frozen(let sentence): "\(plan.canary) is worse and nothing is taken back by itself: \(sentence)"
        }
    }

    private var progress: String {
        if let wanted { return "setting \(wanted)" }
        if proxies.isEmpty { return "waiting for a proxy" }
        if isQuiet { return "\(plan.canary) gets no requests" }
        guard let step = currentStep else { return "" }
        if judge.isSuspicious { return "holding: evidence of harm grows" }
        if let gate = plan.gates.first(where: isWaiting) {
            return "waiting for metric \"\(gate.name)\"\(gates[gate.name].map(told) ?? "")"
        }
        if plan.ramp == .evidence, case .notEnough(let more) = judge.verdict(at: step.setting.comparedShare),
            step.setting.assignment != .focus
        {
            return "waiting for evidence" + (more.map { ": \(missing($0))" } ?? "")
        }
        if clock.step < plan.hold(of: step) { return "holding for \(left(clock.step, plan.hold(of: step)))" }
        if traffic.canaryInStep == 0 { return "\(plan.canary) got no request yet" }
        return plan.group.map { "waiting for the group \"\($0)\"" } ?? "step \(self.step + 1) is done"
    }

    /// Whether a gate is not good, or has to be before the next step.
    private func isWaiting(for gate: RolloutPlan.Gate) -> Bool {
        gates[gate.name].map { $0 != .passed } ?? isAskingGates
    }

    private func told(_ answer: GateAnswer) -> String {
        switch answer {
        case .passed: ""
        case .failed(let text): ", which failed: \(text)"
        case .silent(let text): ", which does not answer: \(text)"
        }
    }

    /// `about 900 more requests, 2 min at this rate`.
    private func missing(_ requests: UInt64) -> String {
        let unit = plan.rules.unit == .users ? "requests of other users" : "requests"
        let count = "about \(Figures.text(Double(requests), digits: 2)) more \(unit)"
        guard traffic.requestsPerSecond > 0 else { return count }
        return "\(count), \(Figures.time(Double(requests) / traffic.requestsPerSecond)) at this rate"
    }

    private func left(_ passed: Duration, _ whole: Duration) -> String {
        let left = whole > passed ? whole - passed : .zero
        return Figures.time(Double(left.components.seconds) + Double(left.components.attoseconds) / 1e18)
    }
}
