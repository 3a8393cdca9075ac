// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// No route and no mirror of any VirtualService names some subsets of a DestinationRule, while a subset of the same host is named
/// that no DestinationRule defines: one may have been meant by the other. Subsets that just have no requests yet are no finding.
enum SubsetUnroutedRule: ReferenceRule {
    static let code = RuleCode("CAN1111")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.destinationRule]

    /// More names than that are counted only.
    private static let mostListed = 20

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let host = object.spec?["host"]?.string else { return }
        let full = HostName.resolve(host, namespace: object.resource.namespace)
        guard cluster.references.hostsWithUndefinedSubsets.contains(full) else { return }
        let named = cluster.references.routeUses.subsets(of: full)
        let unnamed = (object.spec?["subsets"]?.items ?? []).compactMap { subset in
            subset["name"].flatMap { place in place.string.map { (place, $0) } }
        }.filter { !named.contains($0.1) }
        guard let place = unnamed.first?.0 else { return }
        let others =
            named.count > Self.mostListed
            ? "\(named.count) others are named" : "named are \(Self.list(named.sorted()))"
        report.add(
            at: place,
            "no route and no mirror names the subset\(unnamed.count == 1 ? "" : "s") "
                + "\(Self.list(unnamed.map(\.1))) of \"\(host)\"; \(others)",
            hint: "send requests there in a VirtualService, or remove what is not used"
        )
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 5 ? " …" : "")
    }
}
