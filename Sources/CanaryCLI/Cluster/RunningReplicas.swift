// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryReplicas
import CanaryResources

/// What the pods that a node runs tell of their Deployments.
struct RunningReplicas {
    /// Milliseconds since 1970.
    private let now: Int64
    /// Those that neither leave nor have ended, by namespace.
    private let pods: [String: LabelIndex<Resource>]

    init(_ pods: [Resource], now: Int64) {
        self.now = now
        self.pods = Dictionary(grouping: pods.filter(\.isActivePod), by: \.namespace)
            .mapValues { LabelIndex($0, labels: \.metadata.labels) }
    }

    /// `nil` for an object of another kind.
    func status(of deployment: Resource) -> DeploymentStatus? {
        guard let spec = DeploymentSpec(deployment), let selector = deployment.deployment?.selector else {
            return nil
        }
        let own = (pods[deployment.namespace]?.carrying(selector.matchLabels) ?? [])
            .filter { selector.matches($0.metadata.labels) }
        let hash = spec.podTemplateHash
        return DeploymentStatus(
            spec,
            replicas: own.count,
            updated: own.count { $0.metadata.labels[DeploymentSpec.podTemplateHashLabel] == hash },
            ready: own.count { $0.pod?.isReady ?? false },
            available: own.count { isAvailable($0, after: spec.minReady) }
        )
    }

    private func isAvailable(_ pod: Resource, after minReady: Duration) -> Bool {
        guard pod.pod?.isReady ?? false else { return false }
        let conditions = pod.body["status"]?["conditions"]?.items ?? []
        let since = conditions.first { $0["type"]?.string == "Ready" }?["lastTransitionTime"]?.string ?? ""
        // Texts of times in one form are in the order of the times.
        return since <= CalendarTime(milliseconds: now - Int64(minReady.milliseconds)).text
    }
}

extension Resource {
    fileprivate var isActivePod: Bool {
        let phase = body["status"]?["phase"]?.string
        return body["metadata"]?["deletionTimestamp"] == nil && phase != PodPhase.succeeded.rawValue
            && phase != PodPhase.failed.rawValue
    }
}
