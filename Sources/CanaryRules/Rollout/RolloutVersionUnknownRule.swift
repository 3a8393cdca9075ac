// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// No Deployment, endpoint, subset or destination knows a version that a Rollout names.
enum RolloutVersionUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN1212")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let spec = object.resource.rollout, !spec.host.isEmpty else { return }
        let route = RolloutRoute(spec, of: object.resource, in: cluster)
        guard cluster.isKnown(route.host, namedBy: object.resource) else { return }
        let versions = cluster.versions(of: Destination(host: spec.host), in: object.resource)
        let known = Set(versions + route.shares.flatMap(\.names))
        for (key, version) in [("canary", spec.canary), ("stable", spec.stable ?? "")]
        where !version.isEmpty && !known.contains(version) {
            report.add(
                at: object.specField(key),
                "no version \"\(version)\" of \"\(spec.host)\" is known",
                // Versions differ by a digit: the nearest one is seldom the one that is meant.
                hint: versions.isEmpty
                    ? "create a Deployment with the label version: \(version)"
                    : "the known ones are \(versions.prefix(8).joined(separator: ", "))"
            )
        }
    }
}
