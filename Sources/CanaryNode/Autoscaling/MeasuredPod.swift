// SPDX-License-Identifier: Apache-2.0

package import CanaryReplicas
package import CanaryResources

/// A pod of a node, as far as its Deployment's autoscaler looks at it.
package struct MeasuredPod: Sendable {
    package var key: ResourceKey
    package var deployment: ResourceKey
    package var observed: ObservedPod
    /// What is measured of its containers that run, by the containers' names.
    package var roots: [String: UsageRoot]
    /// Its ports of the machine.
    package var ports: Set<Int>

    package init(
        _ key: ResourceKey,
        of deployment: ResourceKey,
        _ observed: ObservedPod,
        roots: [String: UsageRoot],
        ports: Set<Int> = []
    ) {
        self.key = key
        self.deployment = deployment
        self.observed = observed
        self.roots = roots
        self.ports = ports
    }
}
