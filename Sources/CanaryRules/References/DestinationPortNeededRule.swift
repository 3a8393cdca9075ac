// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A destination's Service has several ports, and the route does not say which one it means.
enum DestinationPortNeededRule: ReferenceRule {
    static let code = RuleCode("CAN0803", istio: "IST0112")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        for destination in cluster.destinations(of: object) where destination.place["port"] == nil {
            guard let service = destination.resolved.service, service.ports.count > 1 else { continue }
            let known = service.ports.map { String($0.number) }.joined(separator: ", ")
            report.add(
                at: destination.place,
                "\"\(HostName.short(service.host))\" has several ports, and the destination names none",
                hint: "add \"port:\" with a \"number:\", one of \(known)"
            )
        }
    }
}
