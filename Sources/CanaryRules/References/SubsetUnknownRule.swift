// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A destination names a subset that no DestinationRule defines and no Deployment or endpoint has as its version: its
/// requests would get 503.
enum SubsetUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0804", istio: "IST0101")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        for destination in cluster.destinations(of: object) {
            guard let service = destination.resolved.service, destination.resolved.labels == nil,
                let subset = destination.resolved.subset
            else { continue }
            let known = cluster.versions(of: Destination(destination.place.node), in: object.resource)
            report.add(
                at: destination.place.field("subset"),
                "\"\(HostName.short(service.host))\" has no subset \"\(subset)\": no DestinationRule defines it, and "
                    + "no Deployment or endpoint behind it has the label version=\(subset)",
                hint: hint(subset, known)
            )
        }
    }

    /// More versions than that are only counted.
    private static let mostListed = 20
    /// Among more versions than that, looking for a similar one takes too long.
    private static let mostCandidates = 100

    private static func hint(_ subset: String, _ known: [String]) -> String {
        guard !known.isEmpty else {
            return
                "add a Deployment or an endpoint with the label, or a DestinationRule that defines the subset"
        }
        let near = known.count > mostCandidates ? nil : Suggestion.closest(to: subset, among: known)
        if let near { return "did you mean \"\(near)\"?" }
        return known.count > mostListed
            ? "\(known.count) others are known" : "known are \(known.joined(separator: ", "))"
    }
}
