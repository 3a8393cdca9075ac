// SPDX-License-Identifier: Apache-2.0

/// A host of a VirtualService inside the mesh is no Service and no ServiceEntry: usually clients call another name, and the
/// routes are never used. Wildcards, and VirtualServices for gateways alone, are not checked.
enum VirtualServiceHostUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0806")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard object.isMeshBound else { return }
        let namespace = object.resource.namespace
        for host in object.spec?["hosts"]?.items ?? [] {
            guard let name = host.string, !HostName.isWildcard(name), !IPAddress.isValid(name) else {
                continue
            }
            let full = HostName.resolve(name, namespace: namespace)
            guard !cluster.isKnown(full, namedBy: object.resource) else { continue }
            report.add(
                at: host,
                "there is no Service or ServiceEntry for the host \"\(name)\"",
                hint: cluster.hint(forHost: name, namespace: namespace)
                    ?? "list the name that clients call: that of a Service, or of a ServiceEntry"
            )
        }
    }
}
