// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A destination has the weight 0, and no other route or mirror of any VirtualService sends requests there: a canary that has
/// not begun, or one that was ended and not taken out.
enum WeightZeroRule: ReferenceRule {
    static let code = RuleCode("CAN1110")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        var seen: Set<RouteUseIndex.Target> = []
        for (list, routes) in zip(
            HostRoute.List.allCases,
            [object.httpRoutes, object.tlsRoutes, object.tcpRoutes]
        ) {
            for route in routes { check(route, in: list, object, cluster, &seen, &report) }
        }
    }

    private static func check(
        _ route: Located,
        in list: HostRoute.List,
        _ object: CheckedObject,
        _ cluster: ClusterView,
        _ seen: inout Set<RouteUseIndex.Target>,
        _ report: inout RuleReport
    ) {
        let entries = route["route"]?.items ?? []
        guard let sum = WeightShares(entries).sum, sum > 0 else { return }
        for entry in entries {
            guard let place = entry["weight"], place.integer == 0 else { continue }
            let destination = Destination(entry.node["destination"])
            let target = RouteUseIndex.Target(
                host: HostName.resolve(destination.host, namespace: object.resource.namespace),
                subset: destination.subset
            )
            guard seen.insert(target).inserted, !cluster.references.routeUses.receives(target) else {
                continue
            }
            report.add(
                at: place,
                "no route sends requests to \(destination.label): its weight is 0",
                hint: command(destination, route, list, object.resource, cluster)
                    ?? "give it a weight when it shall get requests"
            )
        }
    }

    /// The command that gives a tenth of just this route; `nil` where there is none.
    private static func command(
        _ destination: Destination,
        _ route: Located,
        _ list: HostRoute.List,
        _ resource: Resource,
        _ cluster: ClusterView
    ) -> String? {
        guard case .index(let index) = route.path.components.last,
            let written = resource.virtualService?.hosts.first
        else { return nil }
        let host = HostName.resolve(written, namespace: resource.namespace)
        let routes = cluster.routes(of: host, namespace: resource.namespace)
        let place = routes.first {
            $0.source.key == resource.key && $0.list == list && $0.sourceIndex == index
        }
        guard let place else { return nil }
        let isUsual = routes.first(where: \.isCatchAll)?.number == place.number
        let option = isUsual ? "" : " --route \(place.number)"
        let name = HostName.inCommands(host, home: cluster.home)
        return "\"canaryctl set-weight \(name) \(destination.shortName) 10\(option)\" gives it a tenth"
    }
}
