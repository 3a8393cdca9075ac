// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A Rollout does not name its stable version, and its canary has the largest share already.
enum RolloutStableMissingRule: ReferenceRule {
    static let code = RuleCode("CAN1215")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let spec = object.resource.rollout, !spec.host.isEmpty, spec.stable == nil else { return }
        let route = RolloutRoute(spec, of: object.resource, in: cluster)
        let canary = route.share(of: spec.canary)
        guard canary > 0, canary > route.stable(besides: spec.canary)?.share ?? 0 else { return }
        report.add(
            at: object.specField("canary"),
            "\"\(spec.canary)\" has the largest share of \"\(spec.host)\" already, so that nobody knows what is stable",
            hint: "add \"stable:\" with the version to compare with, or name another canary"
        )
    }
}
