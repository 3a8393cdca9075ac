// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Collects the objects that decide what happens to the requests of a host: its VirtualServices with their delegates and
/// Gateways, the Services, ServiceEntries and DestinationRules of every destination, and the workloads, endpoints and
/// autoscalers behind those.
package struct HostClosure<Source: ResourceSource> {
    private let source: Source
    private var found = ClusterSnapshot()
    private var visited: Set<String> = []
    /// Many Services may select the same.
    private var selected: Set<Selection> = []

    private struct Selection: Hashable {
        var labels: [String: String]
        var namespace: String
    }

    /// Looks up the closure of several hosts (full names) at once. Throws what the source throws.
    package static func load(_ hosts: [String], from source: Source, revision: Int64 = 0) throws
        -> ClusterSnapshot
    {
        var closure = HostClosure(source: source)
        for host in hosts {
            try closure.addRoutes(of: host)
            try closure.addDestination(host)
        }
        closure.found.revision = revision
        return closure.found
    }

    private init(source: Source) {
        self.source = source
    }

    private mutating func addRoutes(of host: String) throws {
        for pattern in HostName.patterns(covering: host) {
            for key in try source.keys(with: .host(pattern)) where key.kind == .virtualService {
                try addVirtualService(key)
            }
        }
    }

    /// What is there already is not read again: thousands of hosts may lead to one object that lists them all.
    private mutating func addVirtualService(_ key: ResourceKey) throws {
        guard let resource = try addNew(key), let virtualService = resource.virtualService else { return }
        for host in virtualService.destinationHosts + virtualService.mirrorHosts {
            try addDestination(HostName.resolve(host, namespace: resource.namespace))
        }
        for delegate in virtualService.http.compactMap(\.delegate) {
            let namespace = delegate.namespace ?? resource.namespace
            let key = ResourceKey(.virtualService, namespace: namespace, name: delegate.name)
            try addVirtualService(key)
        }
        let matched = virtualService.http.flatMap(\.matches).flatMap(\.gateways)
        for reference in virtualService.gateways + matched {
            guard let gateway = GatewayReference(reference, namespace: resource.namespace) else { continue }
            try addNew(ResourceKey(.gateway, namespace: gateway.namespace, name: gateway.name))
        }
    }

    private mutating func addDestination(_ host: String) throws {
        guard visited.insert(host).inserted else { return }
        for pattern in HostName.patterns(covering: host) {
            for key in try source.keys(with: .rule(pattern)) { try addNew(key) }
            for key in try source.keys(with: .host(pattern)) where key.kind == .serviceEntry {
                guard let entry = try addNew(key)?.serviceEntry else { continue }
                try addWorkloads(entry.workloadSelector ?? [:], namespace: key.namespace)
            }
        }
        guard let (name, namespace) = HostName.service(of: host) else { return }
        try addNew(ResourceKey(.endpoints, namespace: namespace, name: name))
        for slice in try source.resources(
            with: .label(EndpointSlice.serviceNameLabel, name, namespace: namespace)
        ) where slice.kind == .endpointSlice {
            found.insert(slice)
        }
        guard let service = try addNew(ResourceKey(.service, namespace: namespace, name: name))?.service
        else {
            return
        }
        try addWorkloads(service.selector, namespace: namespace)
    }

    private mutating func addWorkloads(_ selector: [String: String], namespace: String) throws {
        guard let first = selector.min(by: { $0.key < $1.key }),
            selected.insert(Selection(labels: selector, namespace: namespace)).inserted
        else { return }
        for resource in try source.resources(with: .label(first.key, first.value, namespace: namespace)) {
            guard let labels = resource.workloadLabels, labels.contains(all: selector) else { continue }
            found.insert(resource)
            if resource.kind == .pod, let node = resource.body["spec"]?["nodeName"]?.string {
                try addNew(ResourceKey(.node, namespace: "", name: node))
            }
            guard resource.makesPods else { continue }
            let autoscalers = try source.resources(with: .target(resource.name, namespace: namespace))
            autoscalers.forEach { found.insert($0) }
        }
    }

    /// The object, if it is there and was not before.
    @discardableResult
    private mutating func addNew(_ key: ResourceKey) throws -> Resource? {
        guard found.resource(key) == nil, let resource = try source.resource(key) else { return nil }
        found.insert(resource)
        return resource
    }
}

extension Resource {
    /// The labels by which Services select this object's endpoints; `nil` for objects that are no workload.
    package var workloadLabels: [String: String]? {
        switch spec {
        case .deployment(let deployment): deployment.template.labels
        case .podController(let controller): controller.template.labels
        case .pod(let pod): pod.template.labels
        case .workloadEntry(let entry): entry.labels
        default: nil
        }
    }
}
