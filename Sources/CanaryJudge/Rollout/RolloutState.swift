// SPDX-License-Identifier: Apache-2.0

/// Where a rollout is. It follows from its journal alone: `apply` has no other input, and decides nothing.
package struct RolloutState: Sendable, Equatable {
    package enum Phase: String, Sendable {
        case pending = "Pending"
        case progressing = "Progressing"
        case paused = "Paused"
        case promoted = "Promoted"
        case aborted = "Aborted"
    }

    package private(set) var plan: RolloutPlan
    package private(set) var phase = Phase.pending
    /// Each is a test of its own, with an α of its own.
    package private(set) var attempt = 1
    package private(set) var step = 0
    /// Whether any step has begun.
    package private(set) var hasBegun = false
    package private(set) var pause: PauseCause?
    package private(set) var abort: AbortCause?
    /// What is to be set and is not in force yet.
    package private(set) var wanted: RouteSetting?
    /// `nil` where it is no split of the two versions.
    package private(set) var inForce: RouteSetting? = .stable
    /// Whether the route is as somebody else set it. Then nothing but an order changes it.
    package private(set) var isEdited = false
    package private(set) var judge: Judge
    package private(set) var detector: ChangeDetector?
    package private(set) var isWatchOver = false
    package private(set) var gates: [String: GateAnswer] = [:]
    /// In a row, by gate.
    package private(set) var gateFailures: [String: Int] = [:]
    /// Whether what gates answer lets the step end.
    package private(set) var isAskingGates = false
    /// Another one where what gates were asked before does not count any more.
    package private(set) var gateRound = 0
    /// What is to be told, and was not yet.
    package private(set) var notices: [RolloutNotice] = []
    package private(set) var proxies: Set<String> = []
    /// The highest term of a controller.
    package private(set) var term: UInt64 = 0
    /// Of the last entry.
    package private(set) var number = 0
    /// Whether a person has gone on in spite of a wrong split.
    package private(set) var isSplitAccepted = false
    package private(set) var isAlarmTold = false
    /// Whether a person has let the rollout go on from a step that waits for it.
    package private(set) var isStepReleased = false
    /// The epoch that an edit began.
    package private(set) var editedEpoch: String?
    package private(set) var isQuiet = false
    /// Whether the object asks for something else than when the run began.
    package private(set) var isManifestChanged = false
    /// Whether the object is gone.
    package private(set) var isWithdrawn = false
    package private(set) var clock = RolloutClock()
    package private(set) var traffic = RolloutTraffic()
    /// By epoch, of this attempt.
    private var settings: [String: RouteSetting] = [:]
    private var totals: [String: ArmPair] = [:]
    /// The epoch whose setting was in force last.
    private var presentEpoch = ""
    private var orders: [String] = []

    package init(_ plan: RolloutPlan) {
        self.plan = plan
        judge = Judge(plan.judgeRules)
    }

    /// The state after a journal; `nil` where it does not begin with a start, or an entry is missing or there twice: see
    /// ``JournalReading``.
    package init?(replaying journal: some Sequence<JournalEntry>) {
        var state: RolloutState?
        for entry in journal {
            if state == nil, case .started(let plan) = entry.event { state = RolloutState(plan) }
            guard state?.apply(entry) == true else { return nil }
        }
        guard let state else { return nil }
        self = state
    }

    /// Whether this is the next entry; nothing happens otherwise.
    package mutating func apply(_ entry: JournalEntry) -> Bool {
        guard entry.follows(number) else { return false }
        number = entry.number
        apply(entry.event)
        if !plan.notices.isEmpty { notices += RolloutNotice.all(of: entry, self) }
        return true
    }

    package func hasSeen(_ order: Order) -> Bool { orders.contains(order.id) }

    /// The setting that an epoch of this attempt has.
    package func setting(of epoch: String) -> RouteSetting? { settings[epoch] }

    /// Whether a route is as the journal says. Copies and conditions may change without beginning an epoch, and an earlier one may
    /// come back; shares of one epoch are the same, however they are written.
    package func hasRoute(_ setting: RouteSetting?, in epoch: String) -> Bool {
        guard editedEpoch == epoch || settings[epoch] != nil else { return false }
        if case (.split, .split) = (inForce, setting) { return true }
        return inForce == setting
    }

    /// The epochs of this attempt.
    package var epochs: [String] { settings.keys.sorted() }

    package func total(of epoch: String) -> ArmPair { totals[epoch] ?? ArmPair() }

    package var currentStep: RolloutPlan.Step? { plan.steps.indices.contains(step) ? plan.steps[step] : nil }

    /// The step's setting; all for the canary behind the last one.
    package var stepSetting: RouteSetting { currentStep?.setting ?? .canary }

    // MARK: - What events do

    mutating func apply(_ event: RolloutEvent) {
        switch event {
        case .started, .settingFailed: break
        case .tookOver(let term): self.term = term
        case .recovered: recover()
        case .watched(let time, let growth): watch(time, growth)
        case .countsLost(let epoch, let now): totals[epoch] = now
        case .proxies(let came, let vanished): meet(came, vanished)
        case .trafficStopped: isQuiet = true
        case .trafficCame: isQuiet = false
        case .stepBegan(let index): begin(index)
        case .settingInForce(let setting, let epoch, let counted): enforce(setting, epoch, counted)
        case .edited(let setting, let epoch, _): edit(setting, epoch)
        case .gatesAsked: beginGateRound(isAsking: true)
        case .gateAnswered(let name, let answer): hear(name, answer)
        case .notified(let key, _): notices.removeAll { $0.key == key }
        case .splitDistrusted: isSplitAccepted = true
        case .alarmed: isAlarmTold = true
        case .paused(let cause): halt(cause)
        case .resumed(let order): goOn(order)
        case .promoted(let order): promote(order)
        case .aborted(let cause): goBack(cause)
        case .retried(let order): retry(order)
        case .watchEnded: isWatchOver = true
        case .manifestChanged: isManifestChanged = true
        case .manifestDeleted: (isWithdrawn, wanted) = (true, nil)
        }
    }

    /// Nobody knows what was wanted since, or which users were counted.
    private mutating func recover() {
        wanted = nil
        judge.beginDraws()
    }

    private mutating func begin(_ index: Int) {
        (phase, step, pause, isStepReleased) = (.progressing, index, nil, false)
        hasBegun = true
        gateFailures = [:]
        beginGateRound(isAsking: false)
        clock.beginStep()
        traffic.beginStep()
        judge.beginStep()
        want(stepSetting)
    }

    private mutating func beginGateRound(isAsking: Bool) {
        gates = [:]
        isAskingGates = isAsking
        gateRound += 1
    }

    private mutating func hear(_ name: String, _ answer: GateAnswer) {
        gates[name] = answer
        switch answer {
        case .passed: gateFailures[name] = nil
        case .failed: gateFailures[name, default: 0] += 1
        case .silent: break
        }
    }

    private mutating func want(_ setting: RouteSetting) {
        isEdited = false
        wanted = setting
    }

    private mutating func enforce(_ setting: RouteSetting, _ epoch: String, _ counted: ArmPair) {
        (inForce, wanted, isEdited) = (setting, nil, false)
        settings[epoch] = setting
        totals[epoch] = counted
        enter(epoch)
        clock.beginSetting()
    }

    private mutating func enter(_ epoch: String) {
        guard epoch != presentEpoch else { return }
        presentEpoch = epoch
        judge.beginDraws()
    }

    private mutating func meet(_ came: Set<String>, _ vanished: Set<String>) {
        proxies = proxies.union(came).subtracting(vanished)
        // Those that run know which users were counted, and whoever comes when they are gone does not.
        if !came.isEmpty || !vanished.isEmpty { judge.beginDraws() }
    }

    private mutating func edit(_ setting: RouteSetting?, _ epoch: String) {
        (inForce, wanted, isEdited, editedEpoch) = (setting, nil, true, epoch)
        isAlarmTold = false
        // Requests are drawn with the edited shares too: evidence goes on.
        settings[epoch] = setting
        enter(epoch)
        clock.beginSetting()
    }

    private mutating func halt(_ cause: PauseCause) {
        (phase, pause) = (.paused, cause)
        if case .order(let order) = cause { note(order) }
    }

    private mutating func goOn(_ order: Order) {
        note(order)
        if case .damage = pause { want(stepSetting) }
        if isEdited { want(stepSetting) }
        if pause == .step { isStepReleased = true }
        if phase != .promoted { phase = hasBegun ? .progressing : .pending }
        (pause, isAlarmTold) = (nil, false)
        clock.restartDeadline()
    }

    private mutating func promote(_ order: Order?) {
        if let order { note(order) }
        (phase, pause, step) = (.promoted, nil, plan.steps.count)
        detector = ChangeDetector(
            limit: judge.rateAfterPromotion,
            steps: Int(clamping: plan.watch.components.seconds),
            alpha: plan.rules.alpha
        )
        clock.beginWatch()
        _ = traffic.takeWatched()
        want(.canary)
    }

    private mutating func goBack(_ cause: AbortCause) {
        if case .order(let order) = cause { note(order) }
        (phase, pause, abort) = (.aborted, nil, cause)
        want(.stable)
    }

    private mutating func retry(_ order: Order) {
        note(order)
        attempt += 1
        (abort, detector, isWatchOver) = (nil, nil, false)
        (isSplitAccepted, isAlarmTold, isQuiet) = (false, false, false)
        judge = Judge(plan.judgeRules)
        settings = [:]
        totals = [:]
        clock = RolloutClock()
        traffic = RolloutTraffic()
    }

    /// Orders are known again as long as an outage may keep them.
    private mutating func note(_ order: Order) {
        orders.append(order.id)
        if orders.count > 64 { orders.removeFirst() }
    }

    // MARK: - Evidence

    private mutating func watch(_ time: Duration, _ growth: [String: ArmPair]) {
        clock.pass(time, isPaused: phase == .paused, isWaiting: wanted != nil)
        judge.pass(time)
        var now = ArmPair()
        for (epoch, counts) in growth.sorted(by: { $0.key < $1.key }) {
            totals[epoch, default: ArmPair()].add(counts)
            guard let setting = settings[epoch] else { continue }
            now.add(counts)
            if detector == nil, plan.rules.unit == .requests || epoch == presentEpoch {
                judge.add(
                    EvidenceGrowth(setting.assignment, canary: counts.canary, stable: counts.stable),
                    isWarm: clock.sinceFirstRequest >= plan.warmUp
                )
            }
        }
        traffic.add(now, over: time)
        clock.note(hasTraffic: now.canary.assigned > 0)
        if clock.takeMinute() { judge.beginSegment() }
        if phase == .promoted, clock.takeSecond() { stepDetector() }
    }

    private mutating func stepDetector() {
        let counts = traffic.takeWatched()
        detector?.step(requests: counts.ended, failures: counts.errors)
    }
}

extension Judge {
    /// What failures the canary may have once there is nothing left to compare it with: the limit that was given, else what of
    /// stable's would have been fine.
    var rateAfterPromotion: Share {
        if let limit = rules.errorLimit { return limit }
        let errors = metrics.first { $0.metric == .errors }
        let stable = errors?.stable ?? MetricJudge.Arm()
        let seen = (Double(stable.events) + 1) / (Double(stable.requests) + 100)
        let rate = max(rules.fineRatio * seen, rules.errorFloor?.value ?? 0)
        return Share(millionths: UInt64(min(rate, 0.5) * 1e6))
    }
}
