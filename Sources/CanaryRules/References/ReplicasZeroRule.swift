// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Deployment has 0 replicas, nothing else stands behind a destination, and a route sends requests there: they get 503. An
/// autoscaler changes nothing, since Kubernetes turns it off while a Deployment has 0 replicas.
enum ReplicasZeroRule: ReferenceRule {
    static let code = RuleCode("CAN1116")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.deployment]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        let resource = object.resource
        guard resource.deployment?.replicas == 0, let place = object.spec?["replicas"] else { return }
        let loads = cluster.loads.loads(of: resource.key).filter { $0.part.capacity.isShutDown }
        guard let load = loads.max(by: { $0.part.share < $1.part.share }) else { return }
        let token = IndexToken.target(resource.name, namespace: resource.namespace)
        let hasAutoscaler = cluster.snapshot.count(with: token) > 0
        report.add(
            at: place,
            "\(load.label) sends \(WeightShares.percent(load.part.share)) of its requests to "
                + "\(load.part.destination.label), which has 0 replicas: they get 503",
            hint: hasAutoscaler
                ? "give it replicas: its autoscaler stands still while there are none"
                : "give it replicas, or send its requests elsewhere"
        )
    }
}
