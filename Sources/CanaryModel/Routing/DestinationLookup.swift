// SPDX-License-Identifier: Apache-2.0

/// Looks destinations up in a snapshot and remembers the answers while some hosts are compiled: routes name the same few
/// destinations again and again. Belongs to one thread.
final class DestinationLookup {
    private struct EndpointsKey: Hashable {
        var host: String
        var subset: String?
        var port: Int
    }

    private let hosts: HostViews
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
        hosts = HostViews(snapshot, namespace: scope.namespace, clientLabels: scope.labels)
    }

    func resolve(_ host: String, subset: String?) -> ResolvedDestination {
        hosts[host].destination(subset)
    }

    /// The ready endpoints of a destination at a port of its Service.
    func readyEndpoints(of destination: ResolvedDestination, port: HostService.Port) -> [ReadyEndpoint] {
        let key = EndpointsKey(
            host: destination.host,
            subset: destination.subset,
            port: port.number
        )
        if let known = endpoints[key] { return known }
        let names = workloadNames(of: destination.host)
        let view = hosts[destination.host]
        let found = destination.labels.map { view.endpoints($0, at: port) } ?? []
        let ready = found.filter(\.isReady).map { endpoint in
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

    private func workloadNames(of host: String) -> WorkloadNames {
        if let known = workloads[host] { return known }
        let names = WorkloadNames(hosts[host])
        workloads[host] = names
        return names
    }
}
