// SPDX-License-Identifier: Apache-2.0

/// A host as one namespace sees it, looked up once for all of its subsets: there may be thousands of them, and thousands of
/// workloads behind them. Belongs to one thread.
final class HostView {
    private let host: String
    private let snapshot: ClusterSnapshot
    private let service: HostService?
    private let policy: HostPolicy

    private lazy var subsets = Dictionary(policy.subsets.map { ($0.name, $0) }) { first, _ in first }
    private lazy var selected = service.map(snapshot.workloads(of:)) ?? []
    private lazy var workloads = LabelIndex(selected) { $0.workloadLabels ?? [:] }
    /// For each port.
    private lazy var endpoints = (service.map(candidates) ?? []).map { LabelIndex($0, labels: \.labels) }
    /// Several subsets may mean the same.
    private var capacities: [[String: String]: VersionCapacity] = [:]
    private lazy var nothing = VersionCapacity([], endpoints: [], in: snapshot)

    /// The subsets and versions by which the host can be split, in alphabetical order.
    private(set) lazy var versions: [String] = {
        let labels = selected.compactMap { $0.workloadLabels?[ResolvedDestination.versionLabel] }
        return Set(labels + policy.subsets.map(\.name)).sorted()
    }()

    init(_ host: String, namespace: String, in snapshot: ClusterSnapshot) {
        self.host = host
        self.snapshot = snapshot
        service = snapshot.service(for: host, namespace: namespace)
        policy = snapshot.policy(
            for: host,
            serviceNamespace: service?.namespace,
            clientNamespace: namespace
        )
    }

    func destination(_ subset: String?) -> ResolvedDestination {
        ResolvedDestination(
            host: host,
            subset: subset,
            service: service,
            policy: policy,
            definition: subset.flatMap { subsets[$0] },
            isKnown: { labels in
                !workloads.carrying(labels).isEmpty || endpoints.contains { !$0.carrying(labels).isEmpty }
            }
        )
    }

    /// What stands behind the labels of a destination; `nil` stands for a subset that nobody defines.
    func capacity(_ labels: [String: String]?) -> VersionCapacity {
        guard service != nil, let labels else { return nothing }
        if let known = capacities[labels] { return known }
        let found = VersionCapacity(
            workloads.carrying(labels),
            endpoints: endpoints.map { $0.carrying(labels).ofDistinctAddresses },
            in: snapshot
        )
        capacities[labels] = found
        return found
    }

    private func candidates(_ service: HostService) -> [[HostEndpoint]] {
        service.ports.map { snapshot.candidates(of: service, port: $0, among: selected) }
    }
}
