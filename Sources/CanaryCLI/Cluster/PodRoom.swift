// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryResources

/// Deployments that want more pods than a machine runs.
enum PodRoom {
    /// A warning for each of them that changed.
    static func warnings(of changes: [ObjectChange]) -> [String] {
        changes.filter { $0.outcome != .unchanged }.compactMap { change in
            guard let replicas = change.after?.deployment?.replicas, replicas > NodeCluster.mostPods else {
                return nil
            }
            return
                "\(change.key.qualifiedName) wants \(replicas) replicas, and canaryctl up runs at most \(NodeCluster.mostPods) pods on a machine"
        }
    }
}
