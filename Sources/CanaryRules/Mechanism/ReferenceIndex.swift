// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// What rules about several objects look up across namespaces, each part made when it is first asked for, in time linear in
/// the objects.
final class ReferenceIndex {
    private let snapshot: ClusterSnapshot

    init(_ snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
    }

    /// Oldest first; most parts go through all of them.
    private(set) lazy var virtualServices = snapshot.resources(of: .virtualService)
    private(set) lazy var destinationRules = snapshot.resources(of: .destinationRule)
    /// Whether any DestinationRule asks for sticky traffic.
    private(set) lazy var hasHashKeys = destinationRules.contains {
        $0.destinationRule?.trafficPolicy?.hashKey != nil
    }
    private(set) lazy var meshHosts = MeshHostIndex(virtualServices)
    private(set) lazy var gatewayServers = GatewayServerIndex(snapshot)
    private(set) lazy var gatewayWorkloads = GatewayWorkloadIndex(snapshot)
    private(set) lazy var subsetRoutes = SubsetRouteIndex(virtualServices)
    private(set) lazy var routeUses = RouteUseIndex(virtualServices)
    /// The hosts of DestinationRules of which routes name subsets that none of the host's rules defines.
    private(set) lazy var hostsWithUndefinedSubsets: Set<String> = {
        var defined: [String: Set<String>] = [:]
        for resource in destinationRules {
            guard let rule = resource.destinationRule else { continue }
            let host = HostName.resolve(rule.host, namespace: resource.namespace)
            defined[host, default: []].formUnion(rule.subsets.map(\.name))
        }
        return Set(defined.filter { !routeUses.subsets(of: $0.key).isSubset(of: $0.value) }.keys)
    }()
    private(set) lazy var gatewayHosts = GatewayHostIndex(
        virtualServices,
        gateways: snapshot.resources(of: .gateway)
    )
    private(set) lazy var ruleMerges = RuleMergeIndex(destinationRules)
    private(set) lazy var entryPorts = EntryPortIndex(snapshot)
    private(set) lazy var gatewayNamespaces: [String: [String]] = Dictionary(
        grouping: snapshot.resources(of: .gateway),
        by: \.name
    ).mapValues { $0.map(\.namespace).sorted() }
    private(set) lazy var nodes = NodeIndex(snapshot)

    private lazy var workloads = Dictionary(
        grouping: snapshot.resources.filter { $0.workloadLabels != nil },
        by: \.namespace
    )

    /// The Deployments, Pods and WorkloadEntries of a namespace, in no order.
    func workloads(in namespace: String) -> [Resource] { workloads[namespace] ?? [] }

    /// Every pattern that covers the host of some Service or ServiceEntry, with that host's own name.
    private(set) lazy var patternsInUse: Set<String> = {
        var patterns: Set<String> = []
        for service in snapshot.resources where service.kind == .service {
            patterns.formUnion(
                HostName.patterns(covering: HostName.service(service.name, namespace: service.namespace))
            )
        }
        for host in snapshot.resources.flatMap({ $0.serviceEntry?.hosts ?? [] }) {
            patterns.formUnion(HostName.patterns(covering: host.lowercased()))
        }
        return patterns
    }()
}
