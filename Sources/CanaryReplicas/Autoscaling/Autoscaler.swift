// SPDX-License-Identifier: Apache-2.0

/// Computes what a HorizontalPodAutoscaler does with its target, as Kubernetes' controller does.
///
/// It has no hands: ``reconcile(_:_:at:)`` says how many replicas there shall be, and ``confirm(_:_:at:)`` or ``refuse(_:_:at:)`` what
/// came of it. What it remembers is what it recommended and did during the windows and periods of its rules.
package struct Autoscaler: Sendable {
    /// What Kubernetes' controller manager has as flags.
    package struct Settings: Sendable {
        /// `--horizontal-pod-autoscaler-tolerance`
        package var tolerance = 0.1
        /// `--horizontal-pod-autoscaler-cpu-initialization-period`
        package var cpuInitializationPeriod = Duration.seconds(300)
        /// `--horizontal-pod-autoscaler-initial-readiness-delay`
        package var readinessDelay = Duration.seconds(30)

        package init() {}
    }

    /// What is known of the target when it is looked at.
    package struct Observation: Sendable {
        /// `spec.replicas` of the target.
        package var replicas: Int
        /// Its pods, all of them.
        package var pods: [ObservedPod]
        /// One for each metric of the spec.
        package var readings: [MetricReading]
        /// The names of all autoscalers that select these pods, if there is more than one.
        package var rivals: [String]

        package init(replicas: Int, pods: [ObservedPod], readings: [MetricReading], rivals: [String] = []) {
            self.replicas = replicas
            self.pods = pods
            self.readings = readings
            self.rivals = rivals
        }
    }

    package let settings: Settings
    var history = ScaleHistory()
    package internal(set) var conditions: [AutoscalerCondition] = []
    /// What each metric came to when they were looked at last.
    package private(set) var metrics: [MetricStatus] = []
    package private(set) var lastScaleTime: TimePoint?

    package init(settings: Settings = Settings()) {
        self.settings = settings
    }

    /// How many replicas there shall be, and why.
    package mutating func reconcile(_ spec: AutoscalerSpec, _ seen: Observation, at now: TimePoint)
        -> AutoscalerDecision
    {
        set(.ableToScale, true, .succeededGetScale, at: now)
        history.begin(with: seen.replicas, at: now)
        if seen.replicas == 0, spec.minReplicas != 0 {
            set(.scalingActive, false, .scalingDisabled, at: now)
            return AutoscalerDecision(from: 0, to: 0)
        }
        if seen.replicas > spec.maxReplicas {
            return .init(
                from: seen.replicas,
                to: spec.maxReplicas,
                because: "Current number of replicas above Spec.MaxReplicas"
            )
        }
        if seen.replicas < spec.minReplicas {
            return .init(
                from: seen.replicas,
                to: spec.minReplicas,
                because: "Current number of replicas below Spec.MinReplicas"
            )
        }
        return followMetrics(spec, seen, at: now)
    }

    /// The target's replicas were set.
    package mutating func confirm(_ decision: AutoscalerDecision, _ spec: AutoscalerSpec, at now: TimePoint) {
        guard decision.scales else { return }
        let text = "the HPA controller was able to update the target scale to \(decision.desired)"
        set(.ableToScale, true, .succeededRescale, text, at: now)
        lastScaleTime = now
        guard let behavior = spec.behavior else { return }
        history.note(from: decision.current, to: decision.desired, behavior, at: now)
    }

    /// The target's replicas could not be set.
    ///
    /// - Returns: the event that says so.
    @discardableResult
    package mutating func refuse(_ decision: AutoscalerDecision, _ error: String, at now: TimePoint)
        -> ObjectEvent
    {
        let text = "the HPA controller was unable to update the target scale: \(error)"
        set(.ableToScale, false, .failedUpdateScale, text, at: now)
        return ObjectEvent(
            warning: "FailedRescale",
            "New size: \(decision.desired); reason: \(decision.reason); error: \(error)"
        )
    }

    /// There is no target whose replicas could be set.
    ///
    /// - Returns: the event that says so.
    @discardableResult
    package mutating func missTarget(_ error: String, at now: TimePoint) -> ObjectEvent {
        let text = "the HPA controller was unable to get the target's current scale: \(error)"
        set(.ableToScale, false, .failedGetScale, text, at: now)
        return ObjectEvent(warning: "FailedGetScale", error)
    }

    private mutating func set(
        _ kind: AutoscalerCondition.Kind,
        _ isTrue: Bool,
        _ reason: AutoscalerCondition.Reason,
        _ message: String? = nil,
        at now: TimePoint
    ) {
        conditions.set(AutoscalerCondition(kind, isTrue, reason, message, at: now))
    }
}

// MARK: - Metrics

extension Autoscaler {
    private mutating func followMetrics(_ spec: AutoscalerSpec, _ seen: Observation, at now: TimePoint)
        -> AutoscalerDecision
    {
        guard seen.rivals.count < 2 else {
            let text =
                "pods by selector are controlled by multiple HPAs: \(seen.rivals.joined(separator: ", "))"
            set(.scalingActive, false, .ambiguousSelector, text, at: now)
            return AutoscalerDecision(keeping: seen.replicas, [.init(warning: "AmbiguousSelector", text)])
        }
        var failures: [MetricFailure] = []
        evaluate(spec, seen, at: now, &failures)
        let best = metrics.filter { $0.replicas != nil }.max { ($0.replicas ?? 0) < ($1.replicas ?? 0) }
        let wanted = best?.replicas ?? 0
        var events = failures.map { ObjectEvent(warning: $0.reason.rawValue, $0.text) }
        // What is not known could need more: with a part of the metrics alone the target only grows.
        if let first = failures.first, best == nil || wanted < seen.replicas {
            set(.scalingActive, false, first.reason, first.message, at: now)
            let counts = "\(failures.count) invalid out of \(spec.metrics.count)"
            let text = "invalid metrics (\(counts)), first error is: \(first.summary)"
            events.append(ObjectEvent(warning: "FailedComputeMetricsReplicas", text))
            return AutoscalerDecision(keeping: seen.replicas, events)
        }
        let title = best?.spec.title ?? ""
        let found = "the HPA was able to successfully calculate a replica count from \(title)"
        set(.scalingActive, true, .validMetricFound, found, at: now)
        let reason = wanted > seen.replicas ? "\(title) above target" : "All metrics below target"
        let desired = limit(wanted, current: seen.replicas, spec, at: now)
        return AutoscalerDecision(from: seen.replicas, to: desired, because: reason, events)
    }

    private mutating func evaluate(
        _ spec: AutoscalerSpec,
        _ seen: Observation,
        at now: TimePoint,
        _ failures: inout [MetricFailure]
    ) {
        let calculator = ReplicaCalculator(
            tolerance: .init(
                up: spec.behavior?.scaleUp.tolerance ?? settings.tolerance,
                down: spec.behavior?.scaleDown.tolerance ?? settings.tolerance
            ),
            cpuInitializationPeriod: settings.cpuInitializationPeriod,
            readinessDelay: settings.readinessDelay,
            now: now,
            pods: seen.pods,
            current: seen.replicas
        )
        let staying = seen.pods.count { !$0.isTerminating && !$0.phase.isFinal }
        metrics = spec.metrics.enumerated().map { index, metric in
            let reading =
                index < seen.readings.count ? seen.readings[index] : .unavailable("it is not measured")
            do throws(MetricFailure) {
                return try calculator.evaluate(metric, reading, running: staying)
            } catch {
                failures.append(error)
                return MetricStatus(spec: metric)
            }
        }
    }

    /// What the rules leave of a recommendation.
    private mutating func limit(_ wanted: Int, current: Int, _ spec: AutoscalerSpec, at now: TimePoint) -> Int
    {
        let stabilized: ScaleHistory.Stabilized
        let limit: ScalingLimit
        if let behavior = spec.behavior {
            stabilized = history.stabilize(wanted, current: current, behavior, at: now)
            limit = ScalingLimit(stabilized.replicas, current: current, spec, behavior, history, at: now)
        } else {
            stabilized = history.stabilize(wanted, at: now)
            limit = ScalingLimit(stabilized.replicas, current: current, spec)
        }
        set(
            .ableToScale,
            true,
            stabilized.replicas == wanted ? .readyForNewScale : stabilized.reason,
            at: now
        )
        set(.scalingLimited, limit.replicas != stabilized.replicas, limit.reason, at: now)
        return limit.replicas
    }
}
