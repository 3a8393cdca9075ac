// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An autoscaler's `maxReplicas` is low for the share of requests that its version gets, by the measure of the version of the
/// same route that may have most replicas: the share times those is more than twice `maxReplicas`. With 10 replicas for all
/// requests, half of them take 5; a bound of 1 or 2 is then a finding, one of 3 is not.
enum AutoscalerShareRule: ReferenceRule {
    static let code = RuleCode("CAN1117")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.horizontalPodAutoscaler]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let autoscaler = object.resource.autoscaler,
            autoscaler.targetKind == ResourceKind.deployment.rawValue,
            let place = object.spec?["maxReplicas"]
        else { return }
        let target = ResourceKey(
            .deployment,
            namespace: object.resource.namespace,
            name: autoscaler.targetName
        )
        let found = cluster.loads.loads(of: target).compactMap { load in
            Overload(share: load.part.share, own: load.part.capacity.most, largest: load.largest)
                .map { (load, $0) }
        }
        guard let (load, overload) = found.max(by: { $0.1.needed < $1.1.needed }) else { return }
        report.add(
            at: place,
            "\(load.label) sends \(WeightShares.percent(overload.share)) of its requests to at most \(overload.own) "
                + "replica\(overload.own == 1 ? "" : "s"): by the \(overload.largest.count) that "
                + "\"\(overload.largest.name)\" may have, they take \(overload.needed)",
            hint: "raise \"maxReplicas\" before the share, or lower the share"
        )
    }
}
