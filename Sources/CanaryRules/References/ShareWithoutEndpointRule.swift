// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A share of the requests would get 503, because no endpoint of its destination is ready. Declared replicas are no
/// endpoints: those come from WorkloadEntries, ServiceEntries, Endpoints, EndpointSlices and running pods. Only where
/// manifests are validated without the store, or by "up -f", a Deployment counts as the pods that it will have.
enum ShareWithoutEndpointRule: ReferenceRule {
    static let code = RuleCode("CAN0807")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        for (index, route) in object.httpRoutes.enumerated() {
            let shares = WeightShares(route["route"]?.items ?? [])
            let failing = shares.positive.compactMap { entry, share -> Failing? in
                entry["destination"].flatMap { Failing($0, share, object.resource, cluster) }
            }
            let host = object.resource.virtualService?.hosts.first
            let target = host.map { " to \"\($0)\"" } ?? ""
            let isCatchAll = (route["match"]?.items ?? []).isEmpty
            let scope = isCatchAll ? target : "\(target) that match route \(index)"
            if failing.count == shares.positive.count, failing.count > 1, let first = failing.first {
                let isSame = failing.allSatisfy { $0.reason == first.reason }
                report.add(
                    at: route.field("route"),
                    "all requests\(scope) will get 503: "
                        + (isSame ? first.reason : "no endpoint of any destination is ready"),
                    hint: first.hint
                )
            } else {
                for destination in failing {
                    let share = WeightShares.percent(destination.share)
                    report.add(
                        at: destination.place,
                        "\(share) of requests\(scope) will get 503: \(destination.reason)",
                        hint: destination.hint
                    )
                }
            }
        }
    }
}

/// A destination that gets requests and can't answer them.
private struct Failing {
    let place: Located
    let share: Double
    private let service: HostService
    private let subset: String?
    private let labels: [String: String]
    private let home: String?

    /// `nil` if it can answer, or if other rules say more: an unknown host or subset.
    init?(_ place: Located, _ share: Double, _ resource: Resource, _ cluster: ClusterView) {
        let destination = cluster.destination(place, of: resource)
        guard let service = destination.service, let labels = destination.labels else { return nil }
        let capacity = cluster.capacity(of: Destination(place.node), in: resource)
        guard capacity.ready == 0 else { return nil }
        // Of manifests alone, a selector that nobody fits is a finding about the Service or the subset.
        if cluster.manifestsOnly, !service.selector.isEmpty || !capacity.workloads.isEmpty { return nil }
        if cluster.startsPods, capacity.deployments.contains(where: { $0.willRun }) { return nil }
        (self.place, self.share, self.service) = (place, share, service)
        (subset, self.labels, home) = (destination.subset, labels, cluster.home)
    }

    var reason: String {
        subset.map { "no endpoint of subset \"\($0)\" is ready" }
            ?? "no endpoint of \"\(HostName.short(service.host))\" is ready"
    }

    /// The command that adds an endpoint, where the selector of the Service would take it.
    var hint: String {
        guard service.entries.isEmpty else { return "add endpoints to the ServiceEntry" }
        guard !service.selector.isEmpty else { return "the Service has no selector: add Endpoints for it" }
        let missing = labels.filter { service.selector[$0.key] != $0.value }
        guard !missing.keys.contains(where: { service.selector[$0] != nil }) else {
            return
                "change the selector of Service \"\(service.name)\", which keeps the subset's endpoints away"
        }
        let command = EndpointRegistration.command(service.name, in: service.namespace, home: home, missing)
        return "add endpoints with \"\(command)\""
    }
}

extension Resource {
    /// Whether a node makes pods of it.
    fileprivate var willRun: Bool { kind == .deployment && declaredReplicas != 0 }
}
