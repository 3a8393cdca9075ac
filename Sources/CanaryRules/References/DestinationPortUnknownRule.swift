// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A destination names a port that its Service or ServiceEntry does not have.
enum DestinationPortUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0802", istio: "IST0101")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        for destination in cluster.destinations(of: object) {
            guard let service = destination.resolved.service,
                let place = destination.place["port"]?["number"],
                let number = place.integer.flatMap({ Int(exactly: $0) }), service.port(number) == nil
            else { continue }
            let known = service.ports.map { String($0.number) }.joined(separator: ", ")
            report.add(
                at: place,
                "\"\(HostName.short(service.host))\" has no port \(number)",
                hint: known.isEmpty ? "give it the port" : "its ports are \(known)"
            )
        }
    }
}
