// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The pods of a node that go with a change: those of Deployments that are deleted, or are to have none.
struct LeavingPods {
    private let running: RunningPods
    private lazy var ofDeployments = Dictionary(
        grouping: running.all,
        by: { pod in
            PodColumns(pod).deployment.map { ResourceKey(.deployment, namespace: pod.namespace, name: $0) }
        }
    ).mapValues { $0.map(\.key) }
    private(set) var keys: Set<ResourceKey> = []

    init(of running: RunningPods) {
        self.running = running
    }

    /// Notes what an object becomes, `nil` for nothing.
    mutating func note(_ key: ResourceKey, after: Resource?) {
        guard key.kind == .deployment else { return }
        let pods = ofDeployments[key] ?? []
        if after?.deployment?.replicas ?? (after == nil ? 0 : 1) == 0 {
            keys.formUnion(pods)
        } else {
            keys.subtract(pods)
        }
    }
}
