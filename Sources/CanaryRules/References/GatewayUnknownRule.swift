// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A VirtualService is bound to a Gateway that does not exist.
enum GatewayUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0809", istio: "IST0101")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        let lists = [object.spec?["gateways"]] + object.httpMatches.map { $0["gateways"] }
        for place in lists.flatMap({ $0?.items ?? [] }) {
            guard let name = place.string, !InternalGatewayRule.isInternal(name),
                let reference = GatewayReference(name, namespace: object.resource.namespace)
            else { continue }
            let key = ResourceKey(.gateway, namespace: reference.namespace, name: reference.name)
            guard cluster.snapshot.resource(key) == nil else { continue }
            report.add(
                at: place,
                "there is no Gateway \"\(reference.name)\" in namespace \"\(reference.namespace)\"",
                hint: hint(reference, cluster)
            )
        }
    }

    private static func hint(_ reference: GatewayReference, _ cluster: ClusterView) -> String {
        let namespaces = cluster.references.gatewayNamespaces[reference.name] ?? []
        guard let other = namespaces.first else { return "create it, or name a Gateway that exists" }
        return "write \(other)/\(reference.name): it is in that namespace"
    }
}
