// SPDX-License-Identifier: Apache-2.0

/// A destination with everything that the objects of a snapshot say about it.
package struct ResolvedDestination: Sendable {
    /// The full name.
    package var host: String
    package var subset: String?
    /// `nil` where nobody defines the host.
    package var service: HostService?
    package var policy: HostPolicy
    /// The labels that make up the subset, empty without one; `nil` for a subset that neither a DestinationRule defines nor a
    /// workload's `version` label.
    package var labels: [String: String]?
    /// Whether the subset means a value of the `version` label, because no DestinationRule defines it.
    package var isImplicit: Bool

    package static let versionLabel = "version"

    /// `isKnown` tells whether anything behind the host carries labels.
    init(
        host: String,
        subset: String?,
        service: HostService?,
        policy: HostPolicy,
        definition: DestinationRule.Subset?,
        isKnown: ([String: String]) -> Bool
    ) {
        self.host = host
        self.subset = subset
        self.service = service
        self.policy = policy
        isImplicit = subset != nil && definition == nil
        if let subset, definition == nil {
            let implied = [Self.versionLabel: subset]
            labels = isKnown(implied) ? implied : nil
        } else {
            labels = definition?.labels ?? [:]
        }
    }
}

extension ClusterSnapshot {
    /// Looks up a destination by the host's full name, as a client in `namespace` sees it.
    package func resolve(
        host: String,
        subset: String?,
        namespace: String,
        clientLabels: [String: String] = [:]
    ) -> ResolvedDestination {
        let service = service(for: host, namespace: namespace)
        let policy = policy(
            for: host,
            serviceNamespace: service?.namespace,
            clientNamespace: namespace,
            clientLabels: clientLabels
        )
        return ResolvedDestination(
            host: host,
            subset: subset,
            service: service,
            policy: policy,
            definition: subset.flatMap(policy.subset),
            isKnown: { labels in service.map { knows($0, labels) } == true }
        )
    }

    /// The endpoints of a destination at a port of its Service.
    package func endpoints(of destination: ResolvedDestination, port: HostService.Port) -> [HostEndpoint] {
        guard let service = destination.service, let labels = destination.labels else { return [] }
        return endpoints(of: service, port: port, labels: labels)
    }

    /// The names of the Deployments, and of what else makes pods, whose pods make up a destination, in alphabetical order.
    package func workloadNames(of destination: ResolvedDestination) -> [String] {
        guard let service = destination.service, let labels = destination.labels else { return [] }
        return controllers(of: service).filter { $0.workloadLabels?.contains(all: labels) ?? false }
            .map(\.name).sorted()
    }

    package func deployments(of service: HostService) -> [Resource] {
        workloads(of: service).filter { $0.kind == .deployment }
    }

    /// The Deployments of a Service, and what else makes pods for it.
    package func controllers(of service: HostService) -> [Resource] {
        workloads(of: service).filter(\.makesPods)
    }

    private func knows(_ service: HostService, _ labels: [String: String]) -> Bool {
        workloads(of: service).contains { $0.workloadLabels?.contains(all: labels) ?? false }
            || service.ports.contains { port in
                !endpoints(of: service, port: port, labels: labels).isEmpty
            }
    }
}
