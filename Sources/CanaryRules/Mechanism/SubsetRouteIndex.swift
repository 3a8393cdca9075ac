// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The VirtualServices that split a host of their own into subsets inside the mesh, by that host's full name.
struct SubsetRouteIndex {
    private var users: [String: [Resource]] = [:]

    /// `virtualServices` are oldest first.
    init(_ virtualServices: [Resource]) {
        for resource in virtualServices {
            guard let spec = resource.virtualService, spec.boundGateways.contains(VirtualService.mesh) else {
                continue
            }
            let destinations = spec.http.flatMap(\.destinations).map(\.destination)
            let split = destinations.filter { $0.subset != nil }.map {
                HostName.resolve($0.host, namespace: resource.namespace)
            }
            let hosts = Set(spec.hosts.map { HostName.resolve($0, namespace: resource.namespace) })
            for host in hosts.intersection(split) { users[host, default: []].append(resource) }
        }
    }

    /// The oldest one other than `resource` that `resource`'s namespace can see.
    func splitter(of host: String, besides resource: Resource) -> Resource? {
        users[host]?.first { other in
            guard other.key != resource.key, let spec = other.virtualService else { return false }
            return Visibility.isExported(spec.exportTo, from: other.namespace, to: resource.namespace)
        }
    }
}
