// SPDX-License-Identifier: Apache-2.0

/// Decides what a rollout does next, from time, counts, orders and what others do to the route. It has no hands: it returns what
/// is to be written and set, and expects to be told what came of it.
///
/// What it decides is an event, and all that it knows is what events did to the ``RolloutState``. So whoever is killed at any
/// moment and replays the journal goes on where it was. What was meant to be set and is not known to be in force is
/// wanted again.
///
/// - **No traffic** is neither fine nor worse: the rollout waits, and says so after a minute.
/// - **Clocks**: decisions come from the monotonic clock alone, and a gap of more than five seconds between two looks counts for
///   five. While no controller ran no time passed; the calendar's clock may jump as it likes.
/// - **Proxies** that vanish leave what was counted of them. Counters that go back, because a proxy's or all were lost, are where
///   counting goes on from, in both arms: evidence may be lost, but none counts twice and none for one arm alone.
/// - **Edits** by others pause the rollout and stand until somebody says `resume`, `promote`, `abort` or `undo`. Until then even an
///   alarm is only told.
package struct RolloutMachine: Sendable, Equatable {
    /// What the time between two looks counts at most.
    static let longestGap = Duration.seconds(5)

    package internal(set) var state: RolloutState
    /// The controller's own term. Where the journal has a higher one, another controller acts.
    package let term: UInt64
    private var lastTick: Int64
    /// Passed, and not yet in the journal.
    var uncountedTime = Duration.zero

    // MARK: - Beginning

    /// Begins a rollout.
    package static func start(_ plan: RolloutPlan, term: UInt64, at moment: Moment) -> (Self, RolloutOutcome)
    {
        var machine = RolloutMachine(state: RolloutState(plan), term: term, moment)
        var outcome = RolloutOutcome()
        machine.note(.started(plan), moment, &outcome)
        machine.note(.tookOver(term: term), moment, &outcome)
        machine.enterStep(0, moment, &outcome)
        return (machine, outcome)
    }

    /// Takes over what a journal tells; `nil` where another controller's term is as high.
    package static func resume(_ state: RolloutState, term: UInt64, at moment: Moment) -> (
        Self, RolloutOutcome
    )? {
        guard term > state.term else { return nil }
        var machine = RolloutMachine(state: state, term: term, moment)
        var outcome = RolloutOutcome()
        machine.note(.tookOver(term: term), moment, &outcome)
        machine.wantAgain(&outcome)
        return (machine, outcome)
    }

    init(state: RolloutState, term: UInt64, _ moment: Moment) {
        self.state = state
        self.term = term
        lastTick = moment.monotonic
    }

    // MARK: - Going on

    /// Entries that others have written since, such as another controller's; `false` where one is missing.
    package mutating func read(_ entries: [JournalEntry]) -> Bool {
        for entry in entries where entry.number > state.number {
            guard state.apply(entry) else { return false }
        }
        return true
    }

    package mutating func handle(_ input: RolloutInput, at moment: Moment) -> RolloutOutcome {
        var outcome = RolloutOutcome()
        guard term == state.term else {
            outcome.refusal = "another controller has taken over"
            return outcome
        }
        switch input {
        case .tick(let reading): tick(reading, moment, &outcome)
        case .command(let command, let order): obey(command, order, moment, &outcome)
        case .settingInForce(let setting, let epoch, let counted):
            enforce(setting, epoch, counted, moment, &outcome)
        case .settingFailed(let text): fail(text, moment, &outcome)
        case .edited(let setting, let epoch, let author): edit(setting, epoch, author, moment, &outcome)
        case .gate(let name, let answer): hear(name, answer, moment, &outcome)
        case .notified(let key, let failure):
            if state.notices.contains(where: { $0.key == key }) {
                note(.notified(key, failure: failure), moment, &outcome)
            }
        case .manifestChanged(let author): changeManifest(author, moment, &outcome)
        case .manifestDeleted(let author): end(author, moment, &outcome)
        case .group(let order): follow(order, moment, &outcome)
        }
        return outcome
    }

    /// Records an event and does what it does to the state.
    ///
    /// - Parameter number: of the entry, where it is not the next one.
    mutating func note(
        _ event: RolloutEvent,
        as number: Int? = nil,
        _ moment: Moment,
        _ outcome: inout RolloutOutcome
    ) {
        let number = number ?? state.number + 1
        let entry = JournalEntry(number: number, wallMilliseconds: moment.wall, event: event)
        _ = state.apply(entry)
        outcome.entries.append(entry)
    }

    func wantAgain(_ outcome: inout RolloutOutcome) {
        guard let wanted = state.wanted else { return }
        outcome.setting = (wanted, reason)
    }

    /// Why the wanted setting is wanted, for the history of the route.
    private var reason: String {
        switch state.phase {
        case .aborted: "take \(state.plan.canary) back: \(state.abort.map(String.init(describing:)) ?? "")"
        case .promoted: "promote \(state.plan.canary)"
        default: "step \(state.step + 1) of \(state.plan.steps.count): \(state.stepSetting)"
        }
    }

    private func elapsed(_ moment: Moment) -> Duration {
        guard moment.monotonic > lastTick else { return .zero }
        let (difference, overflow) = moment.monotonic.subtractingReportingOverflow(lastTick)
        return overflow ? Self.longestGap : min(.milliseconds(difference), Self.longestGap)
    }

    /// Counts the time since the last look.
    mutating func countTime(until moment: Moment) {
        uncountedTime += elapsed(moment)
        lastTick = moment.monotonic
    }

    // MARK: - Steps

    /// Begins a step; behind the last one, and where a step gives everything to the canary, is the promotion.
    mutating func enterStep(_ index: Int, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        let steps = state.plan.steps
        guard steps.indices.contains(index), steps[index].setting != .canary else {
            return promote(nil, moment, &outcome)
        }
        note(.stepBegan(index), moment, &outcome)
        wantAgain(&outcome)
    }

    mutating func promote(_ order: Order?, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        note(.promoted(order), moment, &outcome)
        outcome.notices.append("\(state.plan.canary) is promoted")
        wantAgain(&outcome)
    }

    mutating func abort(_ cause: AbortCause, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        note(.aborted(cause), moment, &outcome)
        outcome.notices.append("\(state.plan.canary) is taken back: \(cause)")
        wantAgain(&outcome)
    }

    mutating func halt(_ cause: PauseCause, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        note(.paused(cause), moment, &outcome)
        outcome.notices.append(state.message)
    }

    /// Takes back what harms, or does what the plan says instead.
    mutating func alarm(_ sentence: String, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        let freezes = state.plan.onAbort == .freeze
        let isLeft = state.phase == .promoted && (freezes || !state.plan.takesBackAfterPromotion)
        if state.isEdited || isLeft {
            guard !state.isAlarmTold else { return }
            note(.alarmed(sentence), moment, &outcome)
            outcome.notices.append("\(state.plan.canary) is worse, and nothing is done: \(sentence)")
        } else if freezes {
            if case .frozen = state.pause { return }
            halt(.frozen(sentence), moment, &outcome)
        } else {
            abort(.alarm(sentence), moment, &outcome)
        }
    }

    // MARK: - What others tell

    private mutating func enforce(
        _ setting: RouteSetting,
        _ epoch: String,
        _ counted: ArmPair,
        _ moment: Moment,
        _ outcome: inout RolloutOutcome
    ) {
        // What has been wanted since is still to be set.
        guard setting == state.wanted else { return wantAgain(&outcome) }
        note(.settingInForce(setting, epoch: epoch, counted: counted), moment, &outcome)
    }

    private mutating func fail(_ text: String, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        guard state.wanted != nil else { return }
        note(.settingFailed(text), moment, &outcome)
        outcome.notices.append("the route could not be set: \(text)")
    }

    private mutating func edit(
        _ setting: RouteSetting?,
        _ epoch: String,
        _ author: String,
        _ moment: Moment,
        _ outcome: inout RolloutOutcome
    ) {
        guard !state.hasRoute(setting, in: epoch) else { return }
        note(.edited(setting, epoch: epoch, by: author), moment, &outcome)
        if [.progressing, .paused].contains(state.phase) {
            halt(.edit(by: author), moment, &outcome)
        } else {
            outcome.notices.append("\(author) changed the route's weights")
        }
    }

    private mutating func hear(
        _ name: String,
        _ answer: GateAnswer,
        _ moment: Moment,
        _ outcome: inout RolloutOutcome
    ) {
        guard let gate = state.plan.gates.first(where: { $0.name == name }),
            [.progressing, .paused].contains(state.phase)
        else { return }
        var isCounted = false
        if case .failed = answer { isCounted = gate.abortsOnFailure }
        guard state.gates[name] != answer || isCounted else { return }
        note(.gateAnswered(name, answer), moment, &outcome)
        guard case .failed(let text) = answer, isCounted, !state.isEdited,
            state.gateFailures[name, default: 0] > gate.failureLimit
        else { return }
        abort(.gate(name, text), moment, &outcome)
    }

    private mutating func changeManifest(
        _ author: String,
        _ moment: Moment,
        _ outcome: inout RolloutOutcome
    ) {
        note(.manifestChanged(by: author), moment, &outcome)
        outcome.notices.append("\(author) changed its manifest: it goes on as it was begun")
    }

    private mutating func end(_ author: String, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        guard !state.isWithdrawn else { return }
        note(.manifestDeleted(by: author), moment, &outcome)
        outcome.notices.append("\(author) deleted it: the route stays as it is")
    }

    private mutating func follow(_ order: GroupOrder, _ moment: Moment, _ outcome: inout RolloutOutcome) {
        switch order {
        case .abort(let text):
            guard state.phase != .aborted, !state.isWatchOver else { return }
            abort(.group(text), moment, &outcome)
        case .advance:
            guard state.isReady else { return }
            enterStep(state.step + 1, moment, &outcome)
        }
    }
}
