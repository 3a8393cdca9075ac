// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A VirtualService splits a Service into subsets, but neither it nor any other one inside the mesh has that Service among its
/// hosts. Requests to the Service by its own name are not split: they go to the endpoints of all versions.
enum SplitBypassedRule: ReferenceRule {
    static let code = RuleCode("CAN1113")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        let resource = object.resource
        let isClaimed = cluster.references.meshHosts.isClaimed
        guard object.isMeshBound, let spec = resource.virtualService,
            Set(spec.destinationHosts).contains(where: {
                !isClaimed(HostName.resolve($0, namespace: resource.namespace))
            }),
            // Where no host is known at all, another rule says that nobody calls them.
            spec.hosts.contains(where: {
                cluster.isKnown(HostName.resolve($0, namespace: resource.namespace), namedBy: resource)
            })
        else { return }
        var splits: [String: (place: Located, subsets: Set<String>)] = [:]
        for (entry, _) in object.httpRoutes.flatMap({ WeightShares($0["route"]?.items ?? []).positive }) {
            guard let place = entry["destination"], let subset = Destination(place.node).subset else {
                continue
            }
            let host = HostName.resolve(Destination(place.node).host, namespace: resource.namespace)
            splits[host, default: (place, [])].subsets.insert(subset)
        }
        for (host, split) in splits.sorted(by: { $0.key < $1.key }) where split.subsets.count > 1 {
            guard !isClaimed(host),
                cluster.service(for: host, namedBy: resource)?.entries.isEmpty == true
            else { continue }
            let name = Destination(split.place.node).host
            report.add(
                at: split.place.field("host"),
                "requests to \"\(name)\" itself are not split: no VirtualService inside the mesh has it in \"hosts\"",
                hint: "add \"\(name)\" to \"hosts\", unless all clients call \"\(spec.hosts.first ?? "")\""
            )
        }
    }
}
