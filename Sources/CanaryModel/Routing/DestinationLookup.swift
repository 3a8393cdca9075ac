// SPDX-License-Identifier: Apache-2.0

/// Looks destinations up in a snapshot and remembers the answers while some hosts are compiled: routes name the same few
/// destinations again and again. Belongs to one thread.
final class DestinationLookup {
    private struct DestinationKey: Hashable {
        var host: String
        var subset: String?
    }

    private struct EndpointsKey: Hashable {
        var destination: DestinationKey
        var port: Int
    }

    private let snapshot: ClusterSnapshot
    private let scope: ClientScope
    private var destinations: [DestinationKey: ResolvedDestination] = [:]
    private var endpoints: [EndpointsKey: [ReadyEndpoint]] = [:]
    private var workloads: [String: WorkloadNames] = [:]

    /// An endpoint that is ready, with what its metrics are labelled with.
    struct ReadyEndpoint {
        var address: EndpointAddress
        var hash: UInt64
        var weight: UInt32
        var version: String?
        var workload: String?
    }

    init(_ snapshot: ClusterSnapshot, _ scope: ClientScope) {
        self.snapshot = snapshot
        self.scope = scope
    }

    func resolve(_ host: String, subset: String?) -> ResolvedDestination {
        let key = DestinationKey(host: host, subset: subset)
        if let known = destinations[key] { return known }
        let resolved = snapshot.resolve(
            host: host,
            subset: subset,
            namespace: scope.namespace,
            clientLabels: scope.labels
        )
        destinations[key] = resolved
        return resolved
    }

    /// The ready endpoints of a destination at a port of its Service.
    func readyEndpoints(of destination: ResolvedDestination, port: HostService.Port) -> [ReadyEndpoint] {
        let key = EndpointsKey(
            destination: DestinationKey(host: destination.host, subset: destination.subset),
            port: port.number
        )
        if let known = endpoints[key] { return known }
        let names = workloadNames(of: destination)
        let ready = snapshot.endpoints(of: destination, port: port).filter(\.isReady).map { endpoint in
            ReadyEndpoint(
                address: endpoint.address,
                hash: endpoint.address.hash,
                weight: UInt32(clamping: endpoint.weight),
                version: endpoint.labels[ResolvedDestination.versionLabel],
                workload: names.name(for: endpoint.labels)
            )
        }
        endpoints[key] = ready
        return ready
    }

    private func workloadNames(of destination: ResolvedDestination) -> WorkloadNames {
        if let known = workloads[destination.host] { return known }
        let names = WorkloadNames(snapshot, destination.service)
        workloads[destination.host] = names
        return names
    }
}
