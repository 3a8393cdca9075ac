// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Collects which hosts a change touches, by the index tokens of the objects before and after it.
package struct AffectedHosts {
    /// Full names.
    package private(set) var hosts: Set<String> = []
    /// Whether every host may be touched: patterns decide about hosts that nobody lists.
    package private(set) var includesAll = false
    package private(set) var includesGateways = false

    package init(hosts: Set<String> = [], includesAll: Bool = false, includesGateways: Bool = false) {
        self.hosts = hosts
        self.includesAll = includesAll
        self.includesGateways = includesGateways
    }
    private var visited: Set<ResourceKey> = []

    /// Adds the hosts for which an object, as it was or will be, plays a part in `snapshot`.
    package mutating func add(_ resource: Resource, in snapshot: ClusterSnapshot) {
        switch resource.spec {
        case .service: addUsers(HostName.service(resource.name, namespace: resource.namespace), snapshot)
        case .endpoints: addUsers(HostName.service(resource.name, namespace: resource.namespace), snapshot)
        case .endpointSlice:
            guard let name = resource.metadata.labels[EndpointSlice.serviceNameLabel] else { return }
            addUsers(HostName.service(name, namespace: resource.namespace), snapshot)
        case .serviceEntry(let entry):
            for host in entry.hosts { addPattern(host.lowercased(), snapshot) }
        case .destinationRule(let rule):
            addPattern(HostName.resolve(rule.host, namespace: resource.namespace), snapshot)
        case .virtualService:
            // The object before and after a change has one key, but not the same hosts.
            visited.remove(resource.key)
            addVirtualService(resource, snapshot)
        case .gateway: includesGateways = true
        case .credential:
            includesGateways = true
            for rule in snapshot.resources(of: .destinationRule) where rule.names(credential: resource.name) {
                add(rule, in: snapshot)
            }
        case .deployment, .podController, .pod, .workloadEntry: addSelecting(resource, snapshot)
        case .horizontalPodAutoscaler, .rollout, .analysisTemplate, .opaque: break
        }
    }

    /// A host, and every host whose VirtualService sends to it.
    private mutating func addUsers(_ host: String, _ snapshot: ClusterSnapshot) {
        hosts.insert(host)
        for resource in snapshot.resources(with: .destination(host)) {
            addVirtualService(resource, snapshot)
        }
    }

    private mutating func addPattern(_ pattern: String, _ snapshot: ClusterSnapshot) {
        if HostName.isWildcard(pattern) { includesAll = true }
        addUsers(pattern, snapshot)
    }

    /// The hosts of a VirtualService; of a delegate, those of the VirtualServices that delegate to it.
    private mutating func addVirtualService(_ resource: Resource, _ snapshot: ClusterSnapshot) {
        guard let virtualService = resource.virtualService, visited.insert(resource.key).inserted else {
            return
        }
        for host in virtualService.hosts {
            let name = HostName.resolve(host, namespace: resource.namespace)
            if HostName.isWildcard(name) { includesAll = true }
            hosts.insert(name)
        }
        let token = IndexToken.delegate(resource.name, namespace: resource.namespace)
        for root in snapshot.resources(with: token) { addVirtualService(root, snapshot) }
    }

    private mutating func addSelecting(_ workload: Resource, _ snapshot: ClusterSnapshot) {
        let labels = workload.workloadLabels ?? [:]
        for (key, value) in labels {
            for resource in snapshot.resources(with: .selects(key, value, namespace: workload.namespace)) {
                switch resource.spec {
                case .service(let service) where labels.contains(all: service.selector):
                    addUsers(HostName.service(resource.name, namespace: resource.namespace), snapshot)
                case .serviceEntry(let entry) where labels.contains(all: entry.workloadSelector ?? [:]):
                    for host in entry.hosts { addPattern(host.lowercased(), snapshot) }
                default: break
                }
            }
        }
    }
}

extension Resource {
    /// Whether it is a DestinationRule that has a Secret's certificates shown to endpoints, or believed of them.
    fileprivate func names(credential name: String) -> Bool {
        destinationRule?.credentialNames.contains(name) ?? false
    }
}
