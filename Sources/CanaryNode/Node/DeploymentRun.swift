// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas

/// What a node knows of a Deployment.
struct DeploymentRun {
    var spec: DeploymentSpec
    private(set) var sets: [ReplicaSet] = []
    private(set) var status: DeploymentStatus
    private(set) var progress: DeploymentProgress
    /// When it is to be looked at though nothing happens.
    private(set) var nextTime: TimePoint?

    init(_ spec: DeploymentSpec, at now: TimePoint) {
        self.spec = spec
        status = DeploymentStatus(spec, sets: [], pods: [:], at: now)
        progress = DeploymentProgress(at: now)
    }

    /// Plans the next step.
    mutating func step(_ pods: [NodePod], at now: TimePoint, tell: (ObjectEvent) -> Void) {
        let plan = DeploymentPlan(spec, sets: sets, pods: Self.bySet(pods), at: now)
        for set in plan.sets where !sets.contains(where: { $0.name == set.name }) {
            let fields = PodSpec(set.template).unservedFields
            if !fields.isEmpty { tell(.notServed(fields)) }
        }
        sets = plan.sets
        plan.events.forEach(tell)
    }

    /// Notices how far it has come.
    mutating func look(_ pods: [NodePod], at now: TimePoint) {
        status = DeploymentStatus(spec, sets: sets, pods: Self.bySet(pods), at: now)
        progress.look(at: status, spec, at: now)
        let soon = pods.compactMap { $0.replica.readySince.map { $0 + spec.minReady } }.filter { $0 > now }
            .min()
        let deadline =
            status.isComplete || progress.isLate ? nil : progress.lastProgress + spec.progressDeadline
        nextTime = [soon, deadline].compactMap(\.self).min()
    }

    private static func bySet(_ pods: [NodePod]) -> [String: [ReplicaPod]] {
        Dictionary(grouping: pods, by: \.owner).mapValues { $0.map(\.replica) }
    }
}
