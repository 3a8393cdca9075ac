// SPDX-License-Identifier: Apache-2.0

package import CanaryReplicas
package import CanaryResources

/// The autoscalers of a store and what they remember, as Kubernetes' controller of HorizontalPodAutoscalers walks through them.
///
/// It has no hands: whoever gives it a turn says what there is, and sets replicas.
package struct HorizontalAutoscaling: Sendable {
    /// What there is when it looks.
    package struct Sight: Sendable {
        /// With their bodies.
        package var autoscalers: [Resource]
        /// Those that autoscalers mean, as far as they are there.
        package var deployments: [ResourceKey: Resource]
        package var pods: [MeasuredPod]

        package init(
            autoscalers: [Resource],
            deployments: [ResourceKey: Resource],
            pods: [MeasuredPod]
        ) {
            self.autoscalers = autoscalers
            self.deployments = deployments
            self.pods = pods
        }
    }

    /// Replicas to be set, if there still are as many as were seen.
    package struct Order: Sendable {
        package var autoscaler: ResourceKey
        package var deployment: ResourceKey
        package var decision: AutoscalerDecision
    }

    /// What is known of one autoscaler after a turn.
    package struct Outcome: Sendable {
        package var key: ResourceKey
        /// Of the object that was looked at.
        package var generation: Int64
        package var report: AutoscalerReport
        package var lastScaleTime: TimePoint?
        package var events: [ObjectEvent]
    }

    private struct Member {
        var uid: String?
        var autoscaler: Autoscaler
    }

    private let settings: Autoscaler.Settings
    private var members: [ResourceKey: Member] = [:]

    package init(settings: Autoscaler.Settings = Autoscaler.Settings()) {
        self.settings = settings
    }

    /// - Parameters:
    ///   - measure: what was measured of pods for a metric.
    ///   - scale: sets replicas; what it returns is why that could not be done.
    package mutating func turn(
        _ sight: Sight,
        at now: TimePoint,
        measure: (MetricSpec.Source, [MeasuredPod]) -> MetricReading,
        scale: (Order) -> String?
    ) -> [Outcome] {
        let before = members
        members = [:]
        let byTarget = Dictionary(grouping: sight.autoscalers) { Self.target(of: $0) }
        return sight.autoscalers.compactMap { resource in
            guard let spec = AutoscalerSpec(resource) else { return nil }
            let uid = resource.stored?.uid
            // One of the same name that was made anew remembers nothing.
            let known = before[resource.key].flatMap { $0.uid == uid ? $0 : nil }
            var member = known ?? Member(uid: uid, autoscaler: Autoscaler(settings: settings))
            defer { members[resource.key] = member }
            guard let target = Self.target(of: resource), let deployment = sight.deployments[target] else {
                return Self.miss(resource, spec, &member.autoscaler, at: now)
            }
            let pods = sight.pods.filter { $0.deployment == target }
            let seen = Autoscaler.Observation(
                replicas: deployment.deployment?.replicas ?? 1,
                pods: pods.map(\.observed),
                readings: spec.metrics.map { measure($0.source, pods) },
                rivals: (byTarget[target] ?? []).map { "\($0.namespace)/\($0.name)" }.sorted()
            )
            return Self.act(resource, on: target, spec, seen, &member.autoscaler, at: now, scale)
        }
    }

    private static func act(
        _ resource: Resource,
        on target: ResourceKey,
        _ spec: AutoscalerSpec,
        _ seen: Autoscaler.Observation,
        _ autoscaler: inout Autoscaler,
        at now: TimePoint,
        _ scale: (Order) -> String?
    ) -> Outcome {
        let decision = autoscaler.reconcile(spec, seen, at: now)
        var events = decision.events
        if decision.scales {
            if let error = scale(Order(autoscaler: resource.key, deployment: target, decision: decision)) {
                events.append(autoscaler.refuse(decision, error, at: now))
            } else {
                autoscaler.confirm(decision, spec, at: now)
                events.append(decision.rescaled)
            }
        }
        let running = seen.pods.count { !$0.isTerminating && !$0.phase.isFinal }
        return Outcome(
            key: resource.key,
            generation: resource.stored?.generation ?? 0,
            report: AutoscalerReport(autoscaler, spec, current: running, desired: decision.desired),
            lastScaleTime: autoscaler.lastScaleTime,
            events: events
        )
    }

    private static func miss(
        _ resource: Resource,
        _ spec: AutoscalerSpec,
        _ autoscaler: inout Autoscaler,
        at now: TimePoint
    ) -> Outcome {
        let reference = resource.autoscaler
        let kind = reference?.targetKind ?? ""
        let error =
            target(of: resource) == nil
            ? "the node scales Deployments, not \(kind)"
            : "deployments.apps \"\(reference?.targetName ?? "")\" not found"
        let event = autoscaler.missTarget(error, at: now)
        return Outcome(
            key: resource.key,
            generation: resource.stored?.generation ?? 0,
            report: AutoscalerReport(autoscaler, spec, current: 0, desired: 0, targetKind: kind),
            lastScaleTime: autoscaler.lastScaleTime,
            events: [event]
        )
    }

    /// The Deployment that an autoscaler means; `nil` where it means something else.
    package static func target(of resource: Resource) -> ResourceKey? {
        guard let autoscaler = resource.autoscaler, autoscaler.target == .deployment else { return nil }
        return ResourceKey(.deployment, namespace: resource.namespace, name: autoscaler.targetName)
    }
}
