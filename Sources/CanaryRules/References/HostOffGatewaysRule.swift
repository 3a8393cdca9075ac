// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A host of a VirtualService is served by none of its Gateways, while others of its hosts are: requests for it get 404.
enum HostOffGatewaysRule: ReferenceRule {
    static let code = RuleCode("CAN0817")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        let namespace = object.resource.namespace
        guard let spec = object.resource.virtualService, !object.isMeshBound, spec.hosts.count > 1 else {
            return
        }
        var served: [GatewayHostSet] = []
        for name in spec.gateways {
            guard let reference = GatewayReference(name, namespace: namespace),
                let hosts = cluster.hosts(of: reference)
            else { return }
            served.append(hosts)
        }
        let places = object.spec?["hosts"]?.items ?? []
        let missing = places.filter { place in
            let host = HostName.resolve(place.string ?? "", namespace: namespace)
            return !served.contains { $0.admits(host, from: namespace) }
        }
        // Where no host is served, another rule says so for each Gateway.
        guard missing.count < places.count else { return }
        for place in missing {
            report.add(
                at: place,
                "the host \"\(place.string ?? "")\" is served by none of the VirtualService's Gateways",
                hint: "add it to \"servers\" of the Gateway, or remove it here"
            )
        }
    }
}
