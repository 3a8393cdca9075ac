// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A Rollout's host is no Service or ServiceEntry.
enum RolloutHostUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN1211")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let spec = object.resource.rollout, !spec.host.isEmpty else { return }
        let namespace = object.resource.namespace
        let host = HostName.resolve(spec.host, namespace: namespace)
        guard !cluster.isKnown(host, namedBy: object.resource) else { return }
        report.add(
            at: object.specField("host"),
            "there is no Service or ServiceEntry for host \"\(spec.host)\"",
            hint: cluster.hint(forHost: spec.host, namespace: namespace)
                ?? "create a Service of that name, or correct the host"
        )
    }
}
