// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A destination gets a larger share of the requests than its endpoints can be expected to carry, by the measure of the
/// largest version of the same route: the share times that version's ready endpoints is more than twice its own. Where no
/// endpoint is ready, the replicas that Deployments declare are compared; versions with autoscalers grow by themselves.
enum ShareBeyondCapacityRule: ReferenceRule {
    static let code = RuleCode("CAN1118")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let spec = object.resource.virtualService else { return }
        let lists = [
            ("http", spec.http.map(\.destinations)), ("tls", spec.tlsRoutes.map(\.destinations)),
            ("tcp", spec.tcpRoutes.map(\.destinations)),
        ]
        for (key, routes) in lists {
            for (index, destinations) in routes.enumerated() where destinations.count > 1 {
                check(destinations, object, cluster, &report) { object.spec?[key]?.items[index]["route"] }
            }
        }
    }

    private static func check(
        _ destinations: [WeightedDestination],
        _ object: CheckedObject,
        _ cluster: ClusterView,
        _ report: inout RuleReport,
        place: () -> Located?
    ) {
        let parts = RouteLoads.parts(destinations, object.resource, cluster)
        let isRunning = parts.contains { $0.capacity.ready > 0 }
        func count(_ capacity: VersionCapacity) -> Int? {
            isRunning ? capacity.ready : capacity.isAutoscaled ? nil : capacity.declared
        }
        let largest = LargestVersion(parts, count)
        for part in parts {
            guard
                let overload = Overload(share: part.share, own: count(part.capacity), largest: largest),
                let entry = place()?.items[part.index]
            else { continue }
            let noun = isRunning ? "ready endpoint" : "replica"
            report.add(
                at: entry.field("weight"),
                "\(WeightShares.percent(part.share)) of requests go to \(overload.own) "
                    + "\(noun)\(overload.own == 1 ? "" : "s") of \(part.destination.label): by the "
                    + "\(overload.largest.count) of \"\(overload.largest.name)\", they take \(overload.needed)",
                hint: "start more of them before the share grows, or lower the share"
            )
        }
    }
}
