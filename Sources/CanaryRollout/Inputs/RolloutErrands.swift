// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources

/// Whom a controller asks and tells, beside its turns: what they answer is there with a later one, or never.
///
/// A metric is asked once for each of its intervals while a step lasts, and at once when nothing else keeps the rollout from the next
/// step. An answer that comes when its question does not matter any more is dropped.
package final class RolloutErrands {
    struct Question: Hashable, Sendable {
        let rollout: Int64
        let round: Int
        let metric: String
    }

    struct Notice: Hashable, Sendable {
        let rollout: Int64
        let key: NoticeKey
    }

    /// A round of a rollout, and when its metrics were asked.
    private struct Round {
        let number: Int
        let since: Int64
        var asked: [String: Int64] = [:]
    }

    /// More threads than these would serve nobody: what is asked too often waits for its turn.
    private static let mostQuestions = 32
    private static let mostQuestionsOfOne = 8
    private static let mostDeliveries = 8
    /// What a thread has to end by itself, before its result is said to be late.
    private static let grace: Int64 = 250

    private let environment: [String: String]
    let questions = Errands<Question, GateAnswer>(limit: mostQuestions)
    let deliveries = Errands<Notice, String?>(limit: mostDeliveries)
    private var rounds: [Int64: Round] = [:]
    private var failures: [Notice: (count: Int, nextAt: Int64)] = [:]

    /// - Parameter environment: for commands.
    package init(environment: [String: String]) {
        self.environment = environment
    }

    /// Ends what is under way. What was not delivered will be by the next controller.
    package func stop() {
        questions.stop()
        deliveries.stop()
    }

    // MARK: - What has come

    /// What the rollouts that these states belong to are to be told.
    func inputs(_ states: [Int64: RolloutState], at moment: Moment) -> [Int64: [RolloutInput]] {
        var inputs: [Int64: [RolloutInput]] = [:]
        for (question, answer) in questions.finished(at: moment.monotonic) {
            guard states[question.rollout]?.gateRound == question.round else { continue }
            rounds[question.rollout]?.asked[question.metric] = moment.monotonic
            inputs[question.rollout, default: []].append(.gate(question.metric, answer))
        }
        for (notice, failure) in deliveries.finished(at: moment.monotonic) {
            guard isSettled(notice, failure, moment) else { continue }
            inputs[notice.rollout, default: []].append(.notified(notice.key, failure: failure))
        }
        return inputs
    }

    /// Whether it was delivered, or tried often enough.
    private func isSettled(_ notice: Notice, _ failure: String?, _ moment: Moment) -> Bool {
        let count = failures.removeValue(forKey: notice)?.count ?? 0
        guard failure != nil, NoticeDelivery.pauses.indices.contains(count) else { return true }
        failures[notice] = (count + 1, moment.monotonic + NoticeDelivery.pauses[count])
        return false
    }

    // MARK: - What is to be done

    /// Asks and tells what is due. The rollout's journal has everything that the state has.
    func begin(_ rollout: Int64, _ subject: RolloutSubject, _ state: RolloutState, at moment: Moment) {
        let scene = RolloutScene(subject, state)
        if state.isAskable {
            let round = rounds[rollout].flatMap { $0.number == state.gateRound ? $0 : nil }
            rounds[rollout] = round ?? Round(number: state.gateRound, since: moment.monotonic)
            ask(rollout, scene, state, moment)
        }
        for notice in state.notices { deliver(notice, rollout, scene, moment) }
    }

    private func ask(_ rollout: Int64, _ scene: RolloutScene, _ state: RolloutState, _ moment: Moment) {
        var open = scene.subject.metrics.count { metric in
            questions.isOpen(Question(rollout: rollout, round: state.gateRound, metric: metric.name))
        }
        for metric in scene.subject.metrics where open < Self.mostQuestionsOfOne {
            let key = Question(rollout: rollout, round: state.gateRound, metric: metric.name)
            guard isDue(metric, of: rollout, state, moment), !questions.isOpen(key) else { continue }
            let question = MetricQuestion(metric: metric, scene: scene, environment: environment)
            let deadline = moment.monotonic + Int64(metric.timeout.milliseconds)
            let late = GateAnswer.silent("no answer in \(metric.timeout.text)")
            let isBegun = questions.begin(key, deadline: deadline + Self.grace, late: late) { cancellation in
                question.answer(deadline: deadline, cancelledBy: cancellation)
            }
            open += isBegun ? 1 : 0
        }
    }

    private func isDue(
        _ metric: RolloutMetric,
        of rollout: Int64,
        _ state: RolloutState,
        _ moment: Moment
    ) -> Bool {
        guard let round = rounds[rollout] else { return false }
        guard let last = round.asked[metric.name] ?? (state.isAskingGates ? nil : round.since) else {
            return true
        }
        return moment.monotonic - last >= Int64(metric.interval.milliseconds)
    }

    private func deliver(_ notice: RolloutNotice, _ rollout: Int64, _ scene: RolloutScene, _ moment: Moment) {
        let key = Notice(rollout: rollout, key: notice.key)
        let receivers = scene.subject.notifications
        guard receivers.indices.contains(notice.key.receiver), moment.monotonic >= failures[key]?.nextAt ?? 0,
            !deliveries.isOpen(key)
        else { return }
        let notification = receivers[notice.key.receiver]
        let delivery = NoticeDelivery(
            notice: notice,
            notification: notification,
            scene: scene,
            environment: environment
        )
        let deadline = moment.monotonic + Int64(notification.timeout.milliseconds)
        let late = "no answer in \(notification.timeout.text)"
        _ = deliveries.begin(key, deadline: deadline + Self.grace, late: late) { cancellation in
            delivery.deliver(deadline: deadline, cancelledBy: cancellation)
        }
    }

    /// Forgets what is not walked any more.
    func keep(only rollouts: Set<Int64>) {
        rounds = rounds.filter { rollouts.contains($0.key) }
        failures = failures.filter { rollouts.contains($0.key.rollout) }
    }
}

extension RolloutState {
    /// Whether the canary gets what it is to get, so that others can say something about it.
    fileprivate var isAskable: Bool {
        [.progressing, .paused].contains(phase) && hasBegun && wanted == nil && !isEdited
            && !plan.gates.isEmpty
    }
}

extension Duration {
    /// `5 s`, `1 min`.
    fileprivate var text: String { Figures.time(Double(milliseconds) / 1000) }
}
