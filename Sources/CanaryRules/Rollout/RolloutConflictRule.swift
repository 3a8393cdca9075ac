// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// Two Rollouts are for one route of a host.
enum RolloutConflictRule: ReferenceRule {
    static let code = RuleCode("CAN1216")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let spec = object.resource.rollout, !spec.host.isEmpty else { return }
        let own = place(spec, of: object.resource, in: cluster)
        let host = HostName.resolve(spec.host, namespace: object.resource.namespace)
        let other = cluster.snapshot.resources(with: .rollout(host)).first { other in
            guard other.key != object.resource.key, let spec = other.rollout else { return false }
            return place(spec, of: other, in: cluster) == own
        }
        guard let other else { return }
        report.add(
            at: object.specField(spec.route == nil ? "host" : "route"),
            "Rollout \"\(other.name)\" is for the same route of \"\(spec.host)\"",
            hint: "canaryctl delete rollout \(other.name), or name another route"
        )
    }

    /// The route's number where there is it, else what the manifest says.
    private static func place(_ spec: RolloutSpec, of resource: Resource, in cluster: ClusterView) -> String {
        let found = RolloutRoute(spec, of: resource, in: cluster)
        return found.route.map { "\($0.number)" } ?? spec.route.map { "\"\($0)\"" } ?? ""
    }
}
