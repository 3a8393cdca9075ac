// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A destination names a subset that no DestinationRule defines. canaryctl takes it for the endpoints whose `version` label
/// has that value; Istio would answer 503.
enum SubsetImplicitRule: ReferenceRule {
    static let code = RuleCode("CAN0805", istio: "IST0101")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        for destination in cluster.destinations(of: object) {
            guard destination.resolved.isImplicit, destination.resolved.labels != nil,
                let subset = destination.resolved.subset
            else { continue }
            report.add(
                at: destination.place.field("subset"),
                "no DestinationRule defines the subset \"\(subset)\", so that it means endpoints with the label "
                    + "version=\(subset)",
                hint: "for Istio, add a DestinationRule with this subset"
            )
        }
    }
}
