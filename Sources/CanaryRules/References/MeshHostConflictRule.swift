// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Several VirtualServices inside the mesh list the same host for the same namespace. Only the oldest is used there.
enum MeshHostConflictRule: ReferenceRule {
    static let code = RuleCode("CAN0810", istio: "IST0109")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard object.isMeshBound else { return }
        let resource = object.resource
        for host in object.spec?["hosts"]?.items ?? [] {
            guard let name = host.string else { continue }
            let full = HostName.resolve(name, namespace: resource.namespace)
            let others = cluster.references.meshHosts.rivals(of: resource, host: full)
            guard let other = others.first else { continue }
            let isOldest = Resource.isOlder(resource, other)
            let used = isOldest ? "this one, the oldest," : "\"\(other.name)\", the oldest,"
            report.add(
                at: host,
                "the host \"\(name)\" is also in VirtualService \"\(other.namespace)/\(other.name)\": "
                    + "\(used) is used inside the mesh",
                hint: "merge them, or split one host over several objects by delegates"
            )
            // One finding about an object, as istioctl has it.
            return
        }
    }
}
