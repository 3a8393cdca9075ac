// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// Several VirtualServices inside the mesh list the same host for the same namespace. Only the oldest is used there, and the
/// next one for clients that no route of the oldest exists for, by their labels, their namespace or the port.
enum MeshHostConflictRule: ReferenceRule {
    static let code = RuleCode("CAN0810", istio: "IST0109")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard object.isMeshBound else { return }
        let resource = object.resource
        for host in object.spec?["hosts"]?.items ?? [] {
            guard let written = host.string else { continue }
            let full = HostName.resolve(written, namespace: resource.namespace)
            let others = cluster.references.meshHosts.rivals(of: resource, host: full)
            guard let other = others.first else { continue }
            let oldest = Resource.isOlder(resource, other) ? resource : other
            let name = oldest.key == resource.key ? "this one" : "\"\(other.name)\""
            let clients =
                cluster.snapshot.hasRouteForEveryClient(oldest)
                ? "" : " for the clients that it has a route for, and for others the next one"
            report.add(
                at: host,
                "the host \"\(written)\" is also in VirtualService \"\(other.namespace)/\(other.name)\": "
                    + "\(name), the oldest, is used inside the mesh\(clients)",
                hint: "merge them, or split one host over several objects by delegates"
            )
            // One finding about an object, as istioctl has it.
            return
        }
    }
}

extension ClusterSnapshot {
    /// Whether a VirtualService has a route for clients of the mesh with whatever labels, in whatever namespace, at each port.
    fileprivate func hasRouteForEveryClient(_ virtualService: Resource) -> Bool {
        effectiveRoutes(of: virtualService).contains { effective in
            effective.route.matches.isEmpty
                || effective.route.matches.contains { match in
                    match.port == nil && match.sourceLabels.isEmpty && match.sourceNamespace == nil
                        && (match.gateways.isEmpty || match.gateways.contains(VirtualService.mesh))
                }
        }
    }
}
