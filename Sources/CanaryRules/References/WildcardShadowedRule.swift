// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Another VirtualService at the same place has a wildcard that covers a host of this one. Its routes do not count for that
/// host: what no route here takes gets 404 and does not go on to them. It is information where a route here takes everything.
enum WildcardShadowedRule: ReferenceRule {
    static let code = RuleCode("CAN1129")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let spec = object.resource.virtualService, !spec.http.isEmpty else { return }
        let takesAll = spec.http.contains(where: \.isCatchAll)
        let gateways = places(of: object.resource)
        for place in object.spec?["hosts"]?.items ?? [] {
            guard let name = place.string, !HostName.isWildcard(name) else { continue }
            let host = HostName.resolve(name, namespace: object.resource.namespace)
            let covering = HostName.patterns(covering: host).dropFirst()
                .flatMap { pattern in cluster.snapshot.resources(with: .host(pattern)).map { (pattern, $0) } }
            let shadowed = covering.first { _, other in
                other.key != object.resource.key && !gateways.isDisjoint(with: places(of: other))
                    && other.virtualService?.http.contains { !$0.matches.isEmpty || !takesAll } ?? false
            }
            guard let (pattern, other) = shadowed else { continue }
            let owner = "VirtualService \(other.namespace)/\(other.name)"
            report.add(
                at: place,
                takesAll
                    ? "the routes of \(owner) for \"\(pattern)\" do not count for \"\(name)\""
                    : "requests for \"\(name)\" that match no route here get 404: the routes of \(owner) for "
                        + "\"\(pattern)\" do not count for it",
                hint: "repeat here those that should",
                severity: takesAll ? .info : .warning
            )
        }
    }

    private static func places(of resource: Resource) -> Set<GatewayReference?> {
        let names = resource.virtualService?.boundGateways ?? []
        return Set(names.map { GatewayReference($0, namespace: resource.namespace) })
    }
}
