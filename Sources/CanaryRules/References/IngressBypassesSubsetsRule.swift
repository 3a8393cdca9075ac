// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Requests from a Gateway go to a host as a whole, while another VirtualService splits that host into subsets inside the
/// mesh. Its split does not hold for requests from outside: a route's destination is not routed again.
enum IngressBypassesSubsetsRule: ReferenceRule {
    static let code = RuleCode("CAN0821", istio: "IST0140")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard object.isGatewayBound else { return }
        let namespace = object.resource.namespace
        var seen: Set<String> = []
        for place in object.httpRoutes.flatMap({ $0["route"]?.items ?? [] }).compactMap({ $0["destination"] })
        {
            let destination = Destination(place.node)
            let host = HostName.resolve(destination.host, namespace: namespace)
            guard destination.subset == nil, seen.insert(host).inserted,
                let other = cluster.references.subsetRoutes.splitter(of: host, besides: object.resource)
            else { continue }
            report.add(
                at: place.field("host"),
                "requests from the Gateway go to all of \"\(destination.host)\": the subsets of VirtualService "
                    + "\"\(other.namespace)/\(other.name)\" are for requests inside the mesh",
                hint: "name the subsets here too, or delegate both to one VirtualService"
            )
        }
    }
}
