// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryProxy
import CanaryReplicas
import CanaryResources
import CanaryStore
import CanarySystem
import Synchronization

/// Lets the autoscalers of a store act on the Deployments that its node runs, each period once.
final class AutoscalerService: Sendable {
    private let location: StoreLocation
    private let period: Duration
    private let node: String
    private let proxy: Proxy
    private let events: EventReporter
    private let log: ServiceLog
    private let pods = Mutex<[ResourceKey: MeasuredPod]>([:])

    /// - Parameter node: the id by which `runtime.db` knows the node.
    init(
        _ location: StoreLocation,
        of node: String,
        beside proxy: Proxy,
        each period: Duration,
        _ events: EventReporter,
        _ log: ServiceLog
    ) {
        self.location = location
        self.node = node
        self.proxy = proxy
        self.period = period
        self.events = events
        self.log = log
    }

    func take(_ news: NodeNews) {
        pods.withLock { pods in
            for pod in news.measured { pods[pod.key] = pod }
            for key in news.removed { pods[key] = nil }
        }
    }

    /// Until the stop signal. While the store cannot be read, nothing is scaled.
    func run(until stop: EventDescriptor) {
        var autoscaling = HorizontalAutoscaling()
        var meters = AutoscalerMeters(proxy)
        let reporter = makeReporter()
        var told = ""
        while !stop.wait(milliseconds: Int32(clamping: period.milliseconds)) {
            do {
                try turn(&autoscaling, &meters, reporter)
                told = ""
            } catch {
                let message = (error as? StoreError)?.message ?? "\(error)"
                if message != told { log.warn("\(message); autoscalers try again each period") }
                told = message
            }
        }
    }

    private func makeReporter() -> AutoscalerReporter {
        AutoscalerReporter(
            RuntimeStore(at: location) { [log] in log.warn($0) },
            node: node,
            wallOffset: Clock.wallMilliseconds() - Clock.monotonicMilliseconds()
        )
    }

    private func turn(
        _ autoscaling: inout HorizontalAutoscaling,
        _ meters: inout AutoscalerMeters,
        _ reporter: AutoscalerReporter
    ) throws {
        // A store that was moved away may come back: none is made in its place.
        guard let store = try ClusterStore.openExisting(at: location) else { return }
        let sight = try look(store)
        let now = TimePoint(milliseconds: Clock.monotonicMilliseconds())
        meters.look(for: sight, at: now)
        let outcomes = autoscaling.turn(
            sight,
            at: now,
            measure: { meters.reading(for: $0, of: $1) },
            scale: { order in
                do {
                    return try set(order)
                } catch {
                    return (error as? StoreError)?.message ?? (error as? CommandError)?.message ?? "\(error)"
                }
            }
        )
        outcomes.forEach(tell)
        try reporter.take(outcomes)
    }

    private func look(_ store: ClusterStore) throws -> HorizontalAutoscaling.Sight {
        try store.read { reader in
            let view = StoredCluster(reader: reader)
            let autoscalers = try view.resources(of: .horizontalPodAutoscaler, namespace: nil)
            let targets = Set(autoscalers.compactMap(HorizontalAutoscaling.target))
            var deployments: [ResourceKey: Resource] = [:]
            for key in targets { deployments[key] = try view.resource(key) }
            return HorizontalAutoscaling.Sight(
                autoscalers: autoscalers,
                deployments: deployments,
                pods: pods.withLock { $0.values.filter { targets.contains($0.deployment) } }
            )
        }
    }

    /// Sets the replicas in one revision. What somebody changed meanwhile stays as it is until the next period.
    ///
    /// - Returns: why they were not set.
    private func set(_ order: HorizontalAutoscaling.Order) throws -> String? {
        let (key, decision) = (order.deployment, order.decision)
        let note = ChangeNote(
            actor: "autoscaler/\(order.autoscaler.name)",
            reason: "\(decision.current) → \(decision.desired) replicas: \(decision.reason)"
        )
        return try ClusterStore.open(at: location).write(note) { writer in
            let change = ClusterChange(view: StoredCluster(reader: writer))
            guard let deployment = try change.resource(key) else { return "\(key.qualifiedName) is gone" }
            guard (deployment.deployment?.replicas ?? 1) == decision.current else {
                return "somebody has scaled \(key.qualifiedName) meanwhile"
            }
            var body = deployment.body
            body.set(.integer(Int64(decision.desired)), at: "spec", "replicas")
            try change.put(Resource(key: key, body: body))
            try ChangeWriter(writer: writer, verb: "scale").write(change)
            return nil
        }.value
    }

    private func tell(_ outcome: HorizontalAutoscaling.Outcome) {
        for event in outcome.events {
            events.note(event, of: outcome.key)
            guard !event.isWarning else { continue }
            log.inform("hpa \(outcome.key.namespace)/\(outcome.key.name): \(event.message)")
        }
    }
}
