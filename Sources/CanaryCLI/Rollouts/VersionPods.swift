// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryMesh
import CanaryReplicas
import CanaryResources
import CanaryStore

/// The pods behind the versions of a rollout.
struct VersionPods {
    let rollout: StoredRollout
    /// Milliseconds since 1970.
    let now: Int64

    /// By version, of those with Deployments whose pods a node runs; none where no node runs any.
    func look(_ view: StoredCluster) throws -> [String: RolloutScreen.Pods] {
        let running = view.running.all
        guard !running.isEmpty else { return [:] }
        let (host, plan) = (rollout.record.host, rollout.state.plan)
        let hostView = HostView(host, namespace: rollout.record.namespace, in: try view.closure(of: [host]))
        let replicas = RunningReplicas(running, now: now)
        var pods: [String: RolloutScreen.Pods] = [:]
        for version in [plan.stable, plan.canary] {
            guard let labels = hostView.destination(version).labels else { continue }
            for case let status? in hostView.workloads(labels).map(replicas.status) {
                pods[version, default: RolloutScreen.Pods(ready: 0, declared: 0)].ready += status.ready
                pods[version]?.declared += status.wanted
            }
        }
        return pods
    }
}
