// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A host of a VirtualService inside the mesh is no Service and no ServiceEntry: usually clients call another name, and the
/// routes are never used. Wildcards are not checked, nor names that a Gateway of the VirtualService serves: those are for
/// requests from outside.
enum VirtualServiceHostUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0806")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard object.isMeshBound else { return }
        let namespace = object.resource.namespace
        for host in object.spec?["hosts"]?.items ?? [] {
            // What is no host name is a finding of its own.
            guard let name = host.string, !HostName.isWildcard(name), IstioName.isWildcardDomain(name) else {
                continue
            }
            let full = HostName.resolve(name, namespace: namespace)
            guard !cluster.isKnown(full, namedBy: object.resource),
                !isForOutside(name, object.resource, cluster)
            else { continue }
            report.add(
                at: host,
                "there is no Service or ServiceEntry for the host \"\(name)\"",
                hint: cluster.hint(forHost: name, namespace: namespace)
                    ?? "list the name that clients call: that of a Service, or of a ServiceEntry"
            )
        }
    }

    /// Whether requests from outside ask for a name: one that a Gateway serves and that is no short name of a Service. Of a
    /// Gateway that is not there nobody knows.
    private static func isForOutside(_ name: String, _ resource: Resource, _ cluster: ClusterView) -> Bool {
        guard name.contains("."), HostName.service(of: name) == nil else { return false }
        let gateways = (resource.virtualService?.gateways ?? []).compactMap {
            GatewayReference($0, namespace: resource.namespace)
        }
        return gateways.contains { cluster.hosts(of: $0)?.admits(name, from: resource.namespace) ?? true }
    }
}
