// SPDX-License-Identifier: Apache-2.0

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
            let known = cluster.versions(of: service, destination.resolved)
            let hint =
                Suggestion.closest(to: subset, among: known).map { "did you mean \"\($0)\"?" }
                ?? (known.isEmpty ? nil : "known are \(known.joined(separator: ", "))")
            report.add(
                at: destination.place.field("subset"),
                "\"\(HostName.short(service.host))\" has no subset \"\(subset)\": no DestinationRule defines it, and "
                    + "no Deployment or endpoint behind it has the label version=\(subset)",
                hint: hint
            )
        }
    }
}
