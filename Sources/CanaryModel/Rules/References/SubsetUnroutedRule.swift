// SPDX-License-Identifier: Apache-2.0

/// No route and no mirror of any VirtualService names a subset, while others of the same host are named. The subset does no
/// harm; often a route was forgotten, or names another one.
enum SubsetUnroutedRule: ReferenceRule {
    static let code = RuleCode("CAN1111")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let host = object.spec?["host"]?.string else { return }
        let full = HostName.resolve(host, namespace: object.resource.namespace)
        let named = cluster.references.routeUses.subsets(of: full)
        guard !named.isEmpty else { return }
        for subset in object.spec?["subsets"]?.items ?? [] {
            guard let place = subset["name"], let name = place.string, !named.contains(name) else { continue }
            let others = named.sorted().prefix(5).map { "\"\($0)\"" }.joined(separator: ", ")
            report.add(
                at: place,
                "no route and no mirror names the subset \"\(name)\" of \"\(host)\"; named are \(others)",
                hint: Suggestion.closest(to: name, among: named.sorted().prefix(100))
                    .map { "a route names \"\($0)\": is this one meant?" }
                    ?? "send requests to it in a VirtualService, or remove it"
            )
        }
    }
}
