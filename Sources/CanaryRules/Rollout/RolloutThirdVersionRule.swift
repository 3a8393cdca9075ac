// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A Rollout's route sends requests to a third version.
///
/// Canary and stable are compared by the requests that either of them gets; destinations with weight 0 may stay.
enum RolloutThirdVersionRule: ReferenceRule {
    static let code = RuleCode("CAN1214")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let spec = object.resource.rollout, !spec.host.isEmpty else { return }
        let route = RolloutRoute(spec, of: object.resource, in: cluster)
        let others = route.shares.filter { $0.share > 0 && !$0.names.contains(spec.canary) }
        guard let stable = spec.stable ?? route.stable(besides: spec.canary)?.names.first else { return }
        let third = others.filter { !$0.names.contains(stable) }
        guard !third.isEmpty, let label = route.route?.label else { return }
        let names = third.prefix(8).compactMap(\.names.first).joined(separator: ", ")
        report.add(
            at: object.specField("host"),
            "route \(label) of \"\(spec.host)\" sends requests to \(names) besides \(stable) and \(spec.canary)",
            hint: "set their weights to 0, or name another route"
        )
    }
}
