// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A VirtualService has HTTP routes for a Service whose ports Istio takes for TCP or TLS, by their names or `appProtocol`. There
/// it ignores HTTP routes: requests go to the endpoints of all versions, and nothing is split. canaryctl's proxy serves them, so
/// it is information unless the manifests are meant for Istio (`--for istio`).
enum HTTPRoutesOnTCPPortRule: ReferenceRule {
    static let code = RuleCode("CAN1130")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard object.isMeshBound, !object.httpRoutes.isEmpty else { return }
        for place in object.spec?["hosts"]?.items ?? [] {
            guard let name = place.string,
                let (service, namespace) = HostName.service(
                    of: HostName.resolve(name, namespace: object.resource.namespace)
                ),
                let ports = ports(ResourceKey(.service, namespace: namespace, name: service), cluster),
                let first = ports.first, ports.allSatisfy(PortProtocol.isOpaque)
            else { continue }
            let number = first["port"]?.integer ?? 0
            let said = first["appProtocol"]?.string ?? first["name"]?.string ?? ""
            report.add(
                at: place,
                "Istio ignores HTTP routes for \"\(name)\": it takes port \(number), \"\(said)\", for no HTTP",
                hint: "name the Service's port http, or http-\(said.isEmpty ? "web" : said)"
            )
        }
    }

    /// The ports of a Service that carry streams; `nil` where there is no such Service.
    private static func ports(_ key: ResourceKey, _ cluster: ClusterView) -> [Located]? {
        guard let resource = cluster.snapshot.resource(key) else { return nil }
        return CheckedObject(resource).spec?["ports"]?.items.filter { $0["protocol"]?.string != "UDP" }
    }
}
