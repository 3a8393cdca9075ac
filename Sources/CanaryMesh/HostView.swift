// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// A host as one namespace sees it, looked up once for all of its subsets: there may be thousands of them, and thousands of
/// workloads behind them. Belongs to one thread.
package final class HostView {
    private struct EndpointsKey: Hashable {
        var port: HostService.Port
        var labels: [String: String]
    }

    let host: String
    package let snapshot: ClusterSnapshot
    package let service: HostService?
    package let policy: HostPolicy

    private lazy var subsets = Dictionary(policy.subsets.map { ($0.name, $0) }) { first, _ in first }
    private(set) lazy var selected = service.map(snapshot.workloads(of:)) ?? []
    private lazy var workloads = LabelIndex(selected) { $0.workloadLabels ?? [:] }
    /// The Deployments, and what else makes pods.
    package private(set) lazy var controllers = selected.filter(\.makesPods)
    /// Those of its Deployments and their like, oldest first.
    package private(set) lazy var autoscalers = controllers.flatMap {
        snapshot.resources(with: .target($0.name, namespace: $0.namespace))
    }
    private var candidates: [HostService.Port: LabelIndex<HostEndpoint>] = [:]
    private var destinations: [String?: ResolvedDestination] = [:]
    /// Several subsets may mean the same.
    private var endpoints: [EndpointsKey: [HostEndpoint]] = [:]
    private var workloadNames: [[String: String]: [String]] = [:]

    /// The subsets and versions by which the host can be split, in alphabetical order.
    package private(set) lazy var versions: [String] = {
        let labels = selected.compactMap { $0.workloadLabels?[ResolvedDestination.versionLabel] }
        return Set(labels + policy.subsets.map(\.name)).sorted()
    }()

    package init(
        _ host: String,
        namespace: String,
        clientLabels: [String: String] = [:],
        in snapshot: ClusterSnapshot
    ) {
        self.host = host
        self.snapshot = snapshot
        service = snapshot.service(for: host, namespace: namespace)
        policy = snapshot.policy(
            for: host,
            serviceNamespace: service?.namespace,
            clientNamespace: namespace,
            clientLabels: clientLabels
        )
    }

    package func destination(_ subset: String?) -> ResolvedDestination {
        if let known = destinations[subset] { return known }
        let found = ResolvedDestination(
            host: host,
            subset: subset,
            service: service,
            policy: policy,
            definition: subset.flatMap { subsets[$0] },
            isKnown: isKnown
        )
        destinations[subset] = found
        return found
    }

    private func isKnown(_ labels: [String: String]) -> Bool {
        guard let service else { return false }
        return workloads.hasAny(carrying: labels)
            || service.ports.contains { candidates(at: $0, of: service).hasAny(carrying: labels) }
    }

    /// The WorkloadEntries, Pods and Deployments that carry labels.
    package func workloads(_ labels: [String: String]) -> [Resource] { workloads.carrying(labels) }

    /// The names of the Deployments, and of what else makes pods, that carry labels, in alphabetical order.
    package func workloadNames(_ labels: [String: String]) -> [String] {
        if let known = workloadNames[labels] { return known }
        let names = workloads(labels).filter(\.makesPods).map(\.name).sorted()
        workloadNames[labels] = names
        return names
    }

    /// The endpoints at a port that carry labels; none where a damaged rule could have said which.
    package func endpoints(_ labels: [String: String], at port: HostService.Port) -> [HostEndpoint] {
        guard let service, !policy.isDamaged else { return [] }
        let key = EndpointsKey(port: port, labels: labels)
        if let known = endpoints[key] { return known }
        let found = candidates(at: port, of: service).carrying(labels).ofDistinctAddresses
        endpoints[key] = found
        return found
    }

    private func candidates(at port: HostService.Port, of service: HostService) -> LabelIndex<HostEndpoint> {
        if let known = candidates[port] { return known }
        let found = LabelIndex(
            snapshot.candidates(of: service, port: port, among: selected),
            labels: \.labels
        )
        candidates[port] = found
        return found
    }
}

/// The hosts that a client in a namespace sends to, each looked up once. Belongs to one thread.
package final class HostViews {
    package let snapshot: ClusterSnapshot
    package let namespace: String
    private let clientLabels: [String: String]
    private var views: [String: HostView] = [:]

    package init(_ snapshot: ClusterSnapshot, namespace: String, clientLabels: [String: String] = [:]) {
        self.snapshot = snapshot
        self.namespace = namespace
        self.clientLabels = clientLabels
    }

    package subscript(host: String) -> HostView {
        if let known = views[host] { return known }
        let view = HostView(host, namespace: namespace, clientLabels: clientLabels, in: snapshot)
        views[host] = view
        return view
    }
}
