// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// None of a VirtualService's hosts is among the hosts of one of its Gateways, so that no request from there reaches it.
enum GatewayWithoutHostRule: ReferenceRule {
    static let code = RuleCode("CAN0815", istio: "IST0132")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        let namespace = object.resource.namespace
        guard let spec = object.resource.virtualService, !spec.isDelegate else { return }
        for place in object.spec?["gateways"]?.items ?? [] {
            guard let name = place.string, !InternalGatewayRule.isInternal(name),
                let reference = GatewayReference(name, namespace: namespace)
            else { continue }
            // That there is no such Gateway is told as that.
            guard let served = cluster.hosts(of: reference),
                // A short name is that of a Service, which istioctl forgets.
                !spec.hosts.contains(where: {
                    served.admits(HostName.resolve($0, namespace: namespace), from: namespace)
                })
            else { continue }
            report.add(
                at: place,
                "no host of the VirtualService is served by the Gateway \"\(name)\"",
                hint: hint(served.hosts, namespace),
                isKnownToIstio: !spec.hosts.contains { served.admits($0, from: namespace) }
            )
        }
    }

    private static func hint(_ served: [GatewayHost], _ namespace: String) -> String {
        let open = served.filter { $0.namespace == nil || $0.namespace == namespace }.map(\.pattern)
        guard !open.isEmpty else { return "add the host to the Gateway's \"servers\"" }
        return "it serves \(Set(open).sorted().prefix(5).joined(separator: ", "))"
    }
}
