// SPDX-License-Identifier: Apache-2.0

/// A destination has the weight 0, and no other route or mirror of any VirtualService sends requests there: a canary that has
/// not begun, or one that was ended and not taken out.
enum WeightZeroRule: ReferenceRule {
    static let code = RuleCode("CAN1110")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        var seen: Set<RouteUseIndex.Target> = []
        for route in object.httpRoutes + object.tlsRoutes + object.tcpRoutes {
            let entries = route["route"]?.items ?? []
            guard let sum = WeightShares(entries).sum, sum > 0 else { continue }
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
                    hint: hint(destination, object.resource)
                )
            }
        }
    }

    private static func hint(_ destination: Destination, _ resource: Resource) -> String {
        guard let host = resource.virtualService?.hosts.first else {
            return "give it a weight when it shall get requests"
        }
        return "\"canaryctl set-weight \(host) \(destination.shortName) 10\" gives it a tenth"
    }
}
