// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryReplicas
import CanaryResources

/// What `get deployments` says of a Deployment's replicas: by the pods that a node runs for it, and where it runs none by the
/// endpoints that are registered.
struct DeploymentColumns: Hashable {
    private(set) var ready = 0
    private(set) var updated = 0
    private(set) var available = 0

    /// - Parameter now: milliseconds since 1970.
    static func of(_ deployments: [Resource], _ view: StoredCluster, now: Int64) throws
        -> [ResourceKey: DeploymentColumns]
    {
        let pods = RunningReplicas(view.running.all, now: now)
        var columns: [ResourceKey: DeploymentColumns] = [:]
        var others: [Resource] = []
        for deployment in deployments {
            if let status = pods.status(of: deployment), status.replicas > 0 {
                columns[deployment.key] = DeploymentColumns(
                    ready: status.ready,
                    updated: status.updated,
                    available: status.available
                )
            } else {
                others.append(deployment)
            }
        }
        for (key, count) in try readyEndpoints(of: others, view) {
            columns[key] = DeploymentColumns(ready: count, updated: count, available: count)
        }
        return columns
    }

    /// How many endpoints carry the labels of each.
    private static func readyEndpoints(of deployments: [Resource], _ view: StoredCluster) throws
        -> [ResourceKey: Int]
    {
        var ready: [ResourceKey: Int] = [:]
        // Thousands of Deployments may share a label, and as many endpoints carry it.
        var entries: [IndexToken: LabelIndex<WorkloadEntry>] = [:]
        for resource in deployments {
            guard let labels = resource.deployment?.template.labels,
                let first = labels.min(by: { $0.key < $1.key })
            else { continue }
            let token = IndexToken.label(first.key, first.value, namespace: resource.namespace)
            if entries[token] == nil {
                let found = try view.resources(with: token).compactMap(\.workloadEntry)
                entries[token] = LabelIndex(found, labels: \.labels)
            }
            ready[resource.key] = entries[token]?.carrying(labels).count ?? 0
        }
        return ready
    }
}
