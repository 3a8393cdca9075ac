// SPDX-License-Identifier: Apache-2.0

/// A share of the requests would get 503, because no endpoint of its destination is ready. Declared replicas are no
/// endpoints: those come from WorkloadEntries, ServiceEntries, Endpoints, EndpointSlices and running pods. Only where
/// manifests are validated without the store, a Deployment counts as the pods that it will have.
enum ShareWithoutEndpointRule: ReferenceRule {
    static let code = RuleCode("CAN0807")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        for (index, route) in object.httpRoutes.enumerated() {
            let shares = WeightShares(route["route"]?.items ?? [])
            let failing = shares.positive.compactMap { entry, share -> (Located, Double, String)? in
                guard let place = entry["destination"], let reason = missing(place, object.resource, cluster)
                else { return nil }
                return (place, share, reason)
            }
            let hosts = object.resource.virtualService?.hosts ?? []
            let target = hosts.first.map { " to \"\($0)\"" } ?? ""
            let isCatchAll = (route["match"]?.items ?? []).isEmpty
            let scope = isCatchAll ? target : "\(target) that match route \(index + 1)"
            if failing.count == shares.positive.count, failing.count > 1, let (_, _, reason) = failing.first {
                let all =
                    Set(failing.map(\.2)).count == 1 ? reason : "no endpoint of any destination is ready"
                report.add(
                    at: route.field("route"),
                    "all requests\(scope) will get 503: \(all)",
                    hint: hint(hosts)
                )
            } else {
                for (place, share, reason) in failing {
                    report.add(
                        at: place,
                        "\(WeightShares.percent(share)) of requests\(scope) will get 503: \(reason)",
                        hint: hint(hosts)
                    )
                }
            }
        }
    }

    private static func hint(_ hosts: [String]) -> String? {
        hosts.first.map { "add endpoints with \"canaryctl register \($0) ADDRESS:PORT\"" }
    }

    /// Why a destination can't answer; `nil` if it can, or if other rules say more: an unknown host or subset.
    private static func missing(_ place: Located, _ resource: Resource, _ cluster: ClusterView) -> String? {
        let destination = cluster.destination(place, of: resource)
        guard let service = destination.service, destination.labels != nil else { return nil }
        let capacity = cluster.capacity(of: Destination(place.node), in: resource)
        guard capacity.ready == 0, !cluster.manifestsOnly || capacity.workloads.isEmpty else { return nil }
        let name = HostName.short(service.host)
        return destination.subset.map { "no endpoint of subset \"\($0)\" is ready" }
            ?? "no endpoint of \"\(name)\" is ready"
    }
}
