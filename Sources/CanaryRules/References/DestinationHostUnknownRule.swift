// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A route or a mirror sends requests to a host that no Service and no ServiceEntry defines: they would get 503.
enum DestinationHostUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0801", istio: "IST0101")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        for destination in cluster.destinations(of: object) where destination.resolved.service == nil {
            let place = destination.place.field("host")
            let name = place.string ?? ""
            // What can be no host is told as that.
            guard destination.resolved.host != BuiltInGateway.host, DestinationHostRule.isHost(name) else {
                continue
            }
            report.add(
                at: place,
                "there is no Service or ServiceEntry for the destination \"\(name)\"",
                hint: cluster.hint(forHost: name, namespace: object.resource.namespace)
                    ?? "add a Service of that name, or a ServiceEntry for a host outside the cluster"
            )
        }
    }
}
