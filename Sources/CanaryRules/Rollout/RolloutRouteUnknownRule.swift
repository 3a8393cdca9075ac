// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A Rollout's route does not exist, or cannot be split.
///
/// Without `route` it is the one that takes what no other does. A host without VirtualService gets one.
enum RolloutRouteUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN1213")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let spec = object.resource.rollout, !spec.host.isEmpty else { return }
        let found = RolloutRoute(spec, of: object.resource, in: cluster)
        guard let route = found.route else {
            if spec.route != nil || !found.routes.isEmpty { addMissing(spec, found, object, &report) }
            return
        }
        guard route.list == .http, !route.destinations.isEmpty else {
            let what = route.list == .http ? "sends requests nowhere" : "is for connections"
            report.add(
                at: object.specField(spec.route == nil ? "host" : "route"),
                "route \(route.label) of \"\(spec.host)\" \(what): it has no split",
                hint: choice(found)
            )
            return
        }
    }

    private static func addMissing(
        _ spec: RolloutSpec,
        _ found: RolloutRoute,
        _ object: CheckedObject,
        _ report: inout RuleReport
    ) {
        if let name = spec.route {
            report.add(
                at: object.specField("route"),
                "\"\(spec.host)\" has no route \"\(name)\"",
                hint: choice(found)
            )
        } else {
            report.add(
                at: object.specField("host"),
                "no route of \"\(spec.host)\" takes what the others do not",
                hint: "add \"route:\"; \(choice(found))"
            )
        }
    }

    private static func choice(_ found: RolloutRoute) -> String {
        guard !found.routes.isEmpty else { return "leave \"route\" out: the host has no VirtualService" }
        let labels = found.routes.filter { $0.list == .http && !$0.destinations.isEmpty }.map(\.label)
        return labels.isEmpty
            ? "add a route to its VirtualService, or remove the VirtualService"
            : "the routes are \(labels.prefix(8).joined(separator: ", "))"
    }
}
