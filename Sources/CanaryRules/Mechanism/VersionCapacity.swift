// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// What stands behind a destination, as far as the objects tell.
final class VersionCapacity {
    /// What makes its endpoints, started or not.
    let workloads: [Resource]
    /// What makes pods among them: Deployments, StatefulSets and their like.
    let deployments: [Resource]
    /// The replicas that they declare together; `nil` where one leaves them out, or where there is none.
    let declared: Int?
    /// The replicas that they can have at most: by the bounds of their autoscalers, else as declared.
    let most: Int?
    let isAutoscaled: Bool
    /// The endpoints that are ready, at the port that has most of them.
    let ready: Int
    /// Whether it consists of Deployments with 0 replicas and nothing else, be it ready or not.
    let isShutDown: Bool

    /// Whether nothing is known to stand there.
    var isEmpty: Bool { deployments.isEmpty && ready == 0 }

    /// Whatever a manifest says, sums stay in range.
    static let largest = 1_000_000_000

    /// `endpoints` are those of each port.
    init(_ workloads: [Resource], endpoints: [[HostEndpoint]], in snapshot: ClusterSnapshot) {
        self.workloads = workloads
        deployments = workloads.filter(\.makesPods)
        let replicas = deployments.map { Self.replicas(of: $0, in: snapshot) }
        declared = Self.sum(replicas.map(\.declared))
        most = Self.sum(replicas.map(\.most))
        isAutoscaled = replicas.contains(where: \.isAutoscaled)
        ready = endpoints.map { $0.count(where: \.isReady) }.max() ?? 0
        isShutDown =
            workloads.allSatisfy { $0.declaredReplicas == 0 } && endpoints.allSatisfy(\.isEmpty)
    }

    /// The replicas of one Deployment.
    static func replicas(of deployment: Resource, in snapshot: ClusterSnapshot)
        -> (declared: Int?, most: Int?, isAutoscaled: Bool)
    {
        let declared = deployment.declaredReplicas.map { min(max($0, 0), largest) }
        let token = IndexToken.target(deployment.name, namespace: deployment.namespace)
        let bounds = snapshot.resources(with: token).compactMap(\.autoscaler)
            .filter { $0.targetKind == deployment.kind.name }
        guard let most = bounds.map(\.maxReplicas).max(), most > 0 else { return (declared, declared, false) }
        return (declared, min(most, largest), true)
    }

    private static func sum(_ counts: [Int?]) -> Int? {
        guard !counts.isEmpty else { return nil }
        return counts.reduce(0) { sum, count in
            guard let sum, let count else { return nil }
            return min(sum + count, largest)
        }
    }
}
