// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One metric's counts and evidence.
package struct MetricJudge: Sendable, Equatable {
    /// An arm's requests, and those of them that had the event.
    package struct Arm: Sendable, Equatable {
        package var requests: UInt64 = 0
        package var events: UInt64 = 0

        package init(requests: UInt64 = 0, events: UInt64 = 0) {
            self.requests = requests
            self.events = min(events, requests)
        }
    }

    package let metric: Metric
    /// Alarm at 1/α.
    package let alpha: Double
    package private(set) var canary = Arm()
    package private(set) var stable = Arm()
    package private(set) var process: EProcess
    /// Whether the canary's events are frequent enough to matter at all.
    private var floor: EProcess?
    private var block: BlockProcess?
    private var peaks = Peaks()
    /// Since the step began.
    private var step = StepCounts()
    private let settings: Settings

    struct Settings: Sendable, Equatable {
        var floor: Share?
        /// The metric's part of α.
        var weight: Double
        var beta: Double
        var fineRatio: Double
        var plannedRatio: Double
        var plannedRate: Double
    }

    /// The looks at which the evidence grew most. When one version's machine is busy for a moment, all its requests of that moment are
    /// slow: that is one accident, and not as many draws. Evidence without them is never more than with them, so that the bound
    /// holds; what is slow for good lacks a few looks.
    private struct Peaks: Sendable, Equatable {
        private static let count = 5
        private var largest: [Double] = []

        mutating func add(_ growth: Double) {
            guard growth > 0 else { return }
            largest.append(growth)
            largest.sort(by: >)
            if largest.count > Self.count { largest.removeLast() }
        }

        var sum: Double { largest.reduce(0, +) }
    }

    private struct StepCounts: Sendable, Equatable {
        var events: [ShareCounts] = []
        var requests: UInt64 = 0
    }

    init(_ metric: Metric, _ rules: JudgeRules) {
        self.metric = metric
        alpha = rules.alpha(of: metric)
        settings = Settings(metric, rules)
        let repeatsDraws = rules.unit == .users
        let hypothesis: Hypothesis =
            switch metric {
            case .errors: .noWorse(than: rules.errorTolerance)
            case .answers: .noBetter(than: 0.5)
            default: .noWorse()
            }
        process = EProcess(hypothesis, repeatsDraws: repeatsDraws)
        if settings.floor != nil { floor = EProcess(.noWorse(), repeatsDraws: repeatsDraws) }
        if rules.judgesMirrors, metric == .errors { block = BlockProcess(tolerance: rules.errorTolerance) }
    }

    // MARK: - Counting

    mutating func add(_ assignment: Assignment, canary: Arm, stable: Arm) {
        // Who matches a condition is like nobody else.
        guard assignment != .focus || !metric.isCompared else { return }
        // A copy runs beside its request and has to wait for it: how long it takes is no draw.
        if assignment == .mirror, metric.isOfTime {
            step.requests &+= canary.requests &+ stable.requests
            return
        }
        self.canary.add(canary)
        self.stable.add(stable)
        if let share = settings.floor {
            floor?.add(ShareCounts(share: share, events: canary.requests, canary: canary.events))
        }
        if case .errorLimit(let limit) = metric {
            let counts = ShareCounts(share: limit, events: canary.requests, canary: canary.events)
            process.add(counts)
            step.events.add(counts)
        }
        switch assignment {
        case .split(let share) where metric.isCompared:
            let events = canary.events &+ stable.events
            let before = metric.isOfTime ? process.logValue : 0
            process.add(ShareCounts(share: share, events: events, canary: canary.events))
            if metric.isOfTime { peaks.add(process.logValue - before) }
            step.events.add(ShareCounts(share: share, events: events, canary: canary.events))
        case .mirror:
            block?.add(stable: stable.requests, stable.events, canary: canary.requests, canary.events)
        default: break
        }
        step.requests &+= canary.requests &+ stable.requests
    }

    mutating func beginSegment() {
        process.beginSegment()
        floor?.beginSegment()
    }

    mutating func beginStep() {
        step = StepCounts()
    }

    // MARK: - Looking

    /// ln E. Copies have a process of their own, and the mean of two e-processes is one. Durations count without a few moments.
    package var logEvidence: Double { logEvidence(process.logValue) }

    private func logEvidence(_ compared: Double) -> Double {
        guard let block else { return compared - peaks.sum }
        return LogSum.of(compared, block.logValue) - log(2)
    }

    package var threshold: Double { 1 / alpha }

    /// ln E of what it takes for an alarm: both the comparison and the floor. What both allow is no more than what one does.
    var logAlarm: Double { min(logEvidence, floor?.logValue ?? .infinity) }

    package var isWorse: Bool { logAlarm >= -log(alpha) }

    /// Whether the canary is worse, and has the event so seldom that it does not matter.
    var isTooRare: Bool { !isWorse && logEvidence >= -log(alpha) }

    /// E as it may still grow, weighted as α is shared out: the sum of all metrics' is an e-value, too. Where an alarm takes the
    /// floor as well, it is the lesser of both: what can never alarm holds nothing back.
    var weightedEvidence: Double {
        let least = min(logEvidence(process.presentLogValue), floor?.presentLogValue ?? .infinity)
        return exp(min(least, 700)) * settings.weight
    }

    /// Whether evidence of harm grows, so that the share should not.
    package var isSuspicious: Bool { weightedEvidence > Judge.suspicion }

    /// What the metric says of the step at a share, that of the canary's requests among both arms'.
    package func verdict(at share: Share) -> Verdict {
        if isWorse { return .worse }
        if isProvedFine { return .fine(.proved) }
        // Whatever answers is fine: there is no sample to wait for.
        if metric == .answers { return isSuspicious ? .notEnough(requests: nil) : .fine(.sampled) }
        guard let planned = plannedRequests(at: share), planned.isFinite else {
            return .notEnough(requests: nil)
        }
        let missing = planned - Double(step.requests)
        if missing <= 0, !isSuspicious { return .fine(.sampled) }
        return .notEnough(requests: missing <= 0 ? nil : UInt64(min(missing.rounded(.up), 1e15)))
    }

    private var isProvedFine: Bool {
        let limit = metric.isCompared ? settings.fineRatio : 1
        return !isSuspicious && metric != .answers
            && Hypothesis.noBetter(than: limit).logEvidence(step.events) >= -log(settings.beta)
    }

    /// How many requests a step takes in which a canary is caught in nine of ten cases that is as bad as planned.
    private func plannedRequests(at share: Share) -> Double? {
        if case .errorLimit(let limit) = metric {
            guard share.part > 0 else { return nil }
            let ratio = min(settings.plannedRatio, 0.9 / max(limit.value, 1e-9))
            return DetectionEstimate(share: limit, ratio: max(ratio, 1.2), alpha: alpha).ninetieth
                / share.value
        }
        guard share.isProper else { return nil }
        let harm = PlannedHarm(
            metric,
            stableRate: stableRate,
            ratio: settings.plannedRatio,
            atLeast: settings.plannedRate
        )
        return DetectionEstimate(share: share, ratio: harm.ratio, alpha: alpha).ninetieth
            / harm.eventRate(share)
    }

    private var stableRate: Double {
        stable.requests == 0 ? 0 : Double(stable.events) / Double(stable.requests)
    }

    /// At a level of 1 − `alpha`, from where the change most likely was. A start point has its part of `alpha`, so that it does no
    /// harm to choose it afterwards.
    package func ratio(alpha: Double) -> RatioInterval? {
        let leading = process.leadingStart
        return RatioInterval(leading.counts, alpha: alpha * leading.part)
    }

    /// The same, with bounds that agree with an alarm.
    func harm(alpha: Double) -> RatioInterval? {
        let leading = process.leadingStart
        return RatioInterval(leading.counts, alpha: alpha * leading.part, prior: process.hypothesis)
    }
}

extension MetricJudge.Arm {
    mutating func add(_ other: MetricJudge.Arm) {
        requests &+= other.requests
        events &+= other.events
    }
}

extension MetricJudge.Settings {
    fileprivate init(_ metric: Metric, _ rules: JudgeRules) {
        floor = metric == .errors ? rules.errorFloor : nil
        weight = rules.alpha(of: metric) / rules.alpha
        beta = rules.beta
        // Nothing is more than twice as often slower than a median.
        fineRatio = metric == .latency(.p50) ? 1 + 0.3 * (rules.fineRatio - 1) : rules.fineRatio
        plannedRatio = rules.plannedRatio
        plannedRate = metric == .errors ? rules.plannedRate.value : 0
    }
}

extension Metric {
    /// Whether it is about how long requests take.
    var isOfTime: Bool {
        switch self {
        case .latency, .latencyLimit: true
        default: false
        }
    }

    /// Whether both arms take part.
    package var isCompared: Bool {
        if case .errorLimit = self { false } else { true }
    }
}
