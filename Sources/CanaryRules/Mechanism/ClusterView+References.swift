// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

extension ClusterView {
    /// The namespace from which a reference of an object is seen: its own, unless `exportTo` leaves that out; of several
    /// the first that sees the host.
    func viewpoint(of resource: Resource, host: String) -> String {
        let exportTo = resource.virtualService?.exportTo ?? resource.destinationRule?.exportTo ?? []
        guard !exportTo.isEmpty, !exportTo.contains("*") else { return resource.namespace }
        let namespaces = exportTo.map { $0 == "." ? resource.namespace : $0 }
        guard let first = namespaces.first, namespaces.count > 1 else {
            return namespaces.first ?? resource.namespace
        }
        return namespaces.first { snapshot.service(for: host, namespace: $0) != nil } ?? first
    }

    /// The Service or ServiceEntry of a full name, as those see it who see the object that names it.
    func service(for host: String, namedBy resource: Resource) -> HostService? {
        snapshot.service(for: host, namespace: viewpoint(of: resource, host: host))
    }

    /// Whether a full name, or a pattern, stands for something: a Service, a ServiceEntry, or the built-in gateway.
    func isKnown(_ host: String, namedBy resource: Resource) -> Bool {
        if host == BuiltInGateway.host || service(for: host, namedBy: resource) != nil { return true }
        return HostName.isWildcard(host) && references.patternsInUse.contains(host)
    }
}
