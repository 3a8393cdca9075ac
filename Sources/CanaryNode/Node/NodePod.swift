// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources

/// A pod that a node runs for a Deployment.
final class NodePod {
    let key: ResourceKey
    let runner: PodRunner
    /// The name of its ReplicaSet.
    let owner: String
    let deployment: ResourceKey
    private let object: PodObject
    /// What was told of it last.
    private var told: PodLife?
    private var version: Int64 = 0

    init(_ key: ResourceKey, _ runner: PodRunner, owner: String, deployment: ResourceKey, _ object: PodObject)
    {
        self.key = key
        self.runner = runner
        self.owner = owner
        self.deployment = deployment
        self.object = object
    }

    var life: PodLife { runner.life }

    /// The pod as an object, if there is something new to tell.
    func news() -> Resource? {
        guard told != life else { return nil }
        told = life
        version += 1
        return object.resource(of: life, processes: runner.processes, version: version)
    }

    /// As its Deployment's autoscaler sees it.
    var measured: MeasuredPod {
        MeasuredPod(
            key,
            of: deployment,
            ObservedPod(key.name, life),
            roots: runner.roots,
            ports: Set(runner.context.ports.values)
        )
    }

    /// As its Deployment sees it.
    var replica: ReplicaPod { ReplicaPod(key.name, life) }
}
