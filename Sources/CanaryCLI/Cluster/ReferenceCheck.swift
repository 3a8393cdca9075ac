// SPDX-License-Identifier: Apache-2.0

import CanaryModel

/// Runs the rules that look at several objects, over no more of the cluster than they need.
enum ReferenceCheck {
    /// Beyond this many objects, loading everything once is cheaper than looking each neighbourhood up.
    private static let mostNeighbourhoods = 50

    static func findings(about changed: [Resource], in change: ClusterChange) throws -> [Diagnostic] {
        guard !changed.isEmpty else { return [] }
        // Gateways select workloads of any namespace and share ports with any other Gateway.
        let snapshot =
            changed.count > mostNeighbourhoods || changed.contains { $0.kind == .gateway }
            ? try change.snapshot() : try neighbourhood(of: changed, in: change)
        return RuleCatalog.checkReferences(changed, in: snapshot)
    }

    private static func neighbourhood(of changed: [Resource], in change: ClusterChange) throws
        -> ClusterSnapshot
    {
        var snapshot = try change.closure(of: Set(changed.flatMap(\.hostsOfConcern)).sorted())
        for resource in changed {
            snapshot.insert(resource)
            if resource.kind == .deployment { try addServices(of: resource, change, &snapshot) }
            guard let autoscaler = resource.autoscaler else { continue }
            let key = ResourceKey(.deployment, namespace: resource.namespace, name: autoscaler.targetName)
            if let target = try change.resource(key) { snapshot.insert(target) }
        }
        return snapshot
    }

    /// The Services that select a Deployment's pods, and its Namespace, which says whether it is in the mesh.
    private static func addServices(
        of deployment: Resource,
        _ change: ClusterChange,
        _ snapshot: inout ClusterSnapshot
    ) throws {
        for (key, value) in deployment.workloadLabels ?? [:] {
            let token = IndexToken.selects(key, value, namespace: deployment.namespace)
            for service in try change.resources(with: token) { snapshot.insert(service) }
        }
        let namespace = ResourceKey(.namespace, namespace: "", name: deployment.namespace)
        if let resource = try change.resource(namespace) { snapshot.insert(resource) }
    }
}

extension Resource {
    /// The hosts whose closure a rule about this object may look at.
    var hostsOfConcern: [String] {
        switch spec {
        case .service: [HostName.service(name, namespace: namespace)]
        case .virtualService(let virtualService):
            (virtualService.hosts + virtualService.destinationHosts).map {
                HostName.resolve($0, namespace: namespace)
            }
        case .destinationRule(let rule): [HostName.resolve(rule.host, namespace: namespace)]
        case .serviceEntry(let entry): entry.hosts.map { $0.lowercased() }
        default: []
        }
    }
}
