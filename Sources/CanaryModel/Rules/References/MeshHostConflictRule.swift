// SPDX-License-Identifier: Apache-2.0

/// Several VirtualServices inside the mesh list the same host. Only the oldest is used there.
enum MeshHostConflictRule: ReferenceRule {
    static let code = RuleCode("CAN0810", istio: "IST0109")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard object.isMeshBound, let mine = object.resource.virtualService else { return }
        let namespace = object.resource.namespace
        for host in object.spec?["hosts"]?.items ?? [] {
            guard let name = host.string else { continue }
            let full = HostName.resolve(name, namespace: namespace)
            let others = cluster.snapshot.resources(with: .host(full)).filter { other in
                guard other.key != object.resource.key, let theirs = other.virtualService else {
                    return false
                }
                return theirs.boundGateways.contains(VirtualService.mesh)
                    && (Visibility.isExported(theirs.exportTo, from: other.namespace, to: namespace)
                        || Visibility.isExported(mine.exportTo, from: namespace, to: other.namespace))
            }
            guard let winner = (others + [object.resource]).min(by: Resource.isOlder),
                let other = others.first
            else {
                continue
            }
            let used =
                winner.key == object.resource.key
                ? "this one, the oldest," : "\"\(winner.name)\", the oldest,"
            report.add(
                at: host,
                "the host \"\(name)\" is also in VirtualService \"\(other.namespace)/\(other.name)\": "
                    + "\(used) is used inside the mesh",
                hint: "merge them, or split one host over several objects by delegates"
            )
        }
    }
}
