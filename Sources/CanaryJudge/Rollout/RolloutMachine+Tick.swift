// SPDX-License-Identifier: Apache-2.0

extension RolloutMachine {
    mutating func tick(_ reading: EvidenceReading, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        guard !state.isFinished else { return wantAgain(&outcome) }
        if state.phase == .pending { return enterStep(0, moment, &outcome) }
        meet(reading.proxies, moment, &outcome)
        count(reading, moment, &outcome)
        listen(moment, &outcome)
        judge(moment, &outcome)
        if state.wanted != nil { return wantAgain(&outcome) }
        goOn(moment, &outcome)
    }

    // MARK: - Counting

    private mutating func count(
        _ reading: EvidenceReading,
        _ moment: Moment,
        _ outcome: inout RolloutOutcome
    ) {
        var growth: [String: ArmPair] = [:]
        var lost: [(epoch: String, now: ArmPair)] = []
        for epoch in state.epochs {
            let (before, now) = (state.total(of: epoch), reading.epochs[epoch] ?? ArmPair())
            if !now.continues(before) {
                lost.append((epoch, now))
            } else if now != before {
                growth[epoch] = now.growth(since: before)
            }
        }
        countTime(until: moment)
        let event = RolloutEvent.watched(uncountedTime, growth)
        if uncountedTime >= state.clock.journalPeriod || state.isMoved(by: event) {
            note(event, moment, &outcome)
            uncountedTime = .zero
        }
        for entry in lost {
            note(.countsLost(epoch: entry.epoch, now: entry.now), moment, &outcome)
        }
        if !lost.isEmpty { outcome.notices.append("counts were lost: evidence goes on from what is left") }
    }

    private mutating func meet(_ proxies: Set<String>, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        let (came, vanished) = (proxies.subtracting(state.proxies), state.proxies.subtracting(proxies))
        guard !came.isEmpty || !vanished.isEmpty else { return }
        note(.proxies(came: came, vanished: vanished), moment, &outcome)
        if proxies.isEmpty { outcome.notices.append("no proxy is running") }
    }

    private mutating func listen(_ moment: Moment, _ outcome: inout RolloutOutcome) {
        let silence = state.clock.sinceLastRequest
        if state.isQuiet, silence == .zero {
            note(.trafficCame, moment, &outcome)
        } else if !state.isQuiet, silence >= RolloutClock.silence, state.wanted == nil,
            state.phase == .progressing
        {
            note(.trafficStopped, moment, &outcome)
            outcome.notices.append("\(state.plan.canary) gets no requests")
        }
    }

    // MARK: - Judging

    private mutating func judge(_ moment: Moment, _ outcome: inout RolloutOutcome) {
        if state.phase == .promoted {
            guard let detector = state.detector, detector.isAlarmed else { return }
            return alarm(detector.sentence, moment, &outcome)
        }
        if let metric = state.judge.alarm {
            alarm(state.judge.sentence(metric, canary: state.plan.canary), moment, &outcome)
        } else if state.judge.isSplitWrong, !state.isSplitAccepted, state.phase == .progressing {
            note(.splitDistrusted, moment, &outcome)
            halt(.split, moment, &outcome)
        }
    }

    // MARK: - Going on

    private mutating func goOn(_ moment: Moment, _ outcome: inout RolloutOutcome) {
        switch state.phase {
        case .promoted where state.clock.watch >= state.plan.watch:
            note(.watchEnded, moment, &outcome)
        case .progressing where state.isOwnPartDone && !state.isAskingGates && !state.plan.gates.isEmpty:
            note(.gatesAsked, moment, &outcome)
        case .progressing where state.isStepDone:
            if state.currentStep?.waitsForResume == true, !state.isStepReleased {
                halt(.step, moment, &outcome)
            } else if state.plan.group == nil {
                enterStep(state.step + 1, moment, &outcome)
            }
        case .progressing:
            guard let deadline = state.plan.stepDeadline, state.clock.deadline >= deadline else { return }
            halt(.deadline, moment, &outcome)
        default: break
        }
    }
}

extension RolloutState {
    /// Whether something follows from an event, so that it cannot wait for others to be written with it: what is not written is
    /// still counted by the proxies, and comes with the next one.
    fileprivate func isMoved(by event: RolloutEvent) -> Bool {
        var next = self
        next.apply(event)
        let isWatchDone = next.phase == .promoted && next.clock.watch >= plan.watch
        let isLate = phase == .progressing && plan.stepDeadline.map { next.clock.deadline >= $0 } ?? false
        let hasTraffic = next.clock.sinceLastRequest == .zero
        let isSilent = next.clock.sinceLastRequest >= RolloutClock.silence
        return next.isAlarmed && !isAlarmed || next.isOwnPartDone && !isOwnPartDone || isWatchDone || isLate
            || (isQuiet ? hasTraffic : isSilent && wanted == nil && phase == .progressing)
            || traffic.canaryInStep == 0 && next.traffic.canaryInStep > 0
    }

    private var isAlarmed: Bool {
        judge.alarm != nil || judge.isSplitWrong || detector?.isAlarmed == true
    }

    /// Whether nothing can happen any more, but for orders and what is still to be set.
    package var isFinished: Bool { isWithdrawn || phase == .aborted || phase == .promoted && isWatchOver }

    /// Whether the rest of a group may go on as far as this member is concerned.
    package var isReady: Bool { isStepDone && (currentStep?.waitsForResume != true || isStepReleased) }

    /// Whether nothing but an order, or the rest of the group, keeps the rollout from its next step.
    package var isStepDone: Bool {
        isOwnPartDone
            && (plan.gates.isEmpty
                || isAskingGates && plan.gates.allSatisfy { gates[$0.name] == .passed })
    }

    /// The same, but for the gates.
    package var isOwnPartDone: Bool {
        guard phase == .progressing, wanted == nil, !isEdited, let step = currentStep else { return false }
        guard clock.step >= plan.hold(of: step) else { return false }
        guard traffic.canaryInStep > 0, !judge.isSuspicious else { return false }
        if case .focus = step.setting { return true }
        return plan.ramp == .fixed || judge.verdict(at: step.setting.comparedShare).isFine
    }
}

extension ChangeDetector {
    /// `25 of 900 requests failed after the promotion, 1 % allowed; M = 7.1e4 ≥ 60000`.
    package var sentence: String {
        let value = Figures.text(exponential, digits: 3)
        return "\(recent.canary) of \(recent.events) requests failed after the promotion, \(limit) allowed; "
            + "M = \(value) \(isAlarmed ? "≥" : "<") \(Figures.text(threshold, digits: 3))"
    }
}
