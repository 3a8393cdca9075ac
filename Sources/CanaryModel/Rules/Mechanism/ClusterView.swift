// SPDX-License-Identifier: Apache-2.0

/// What the rules ask about other objects.
package struct ClusterView {
    package let snapshot: ClusterSnapshot

    package init(_ snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
    }

    /// The Service behind a full host name.
    func service(_ host: String) -> Resource? {
        guard let (name, namespace) = HostName.service(of: host) else { return nil }
        return snapshot.resource(ResourceKey(.service, namespace: namespace, name: name))
    }

    /// The ServiceEntries that declare a host, by name or by a wildcard.
    func serviceEntries(_ host: String) -> [Resource] {
        objects(for: host, IndexToken.host, .serviceEntry)
    }

    /// The DestinationRules for a host, the most specific first.
    func destinationRules(_ host: String) -> [Resource] {
        objects(for: host, IndexToken.rule, .destinationRule)
    }

    /// The VirtualServices that list a host, by name or by a wildcard, the most specific first.
    func virtualServices(_ host: String) -> [Resource] {
        objects(for: host, IndexToken.host, .virtualService)
    }

    /// Whether a host can be reached at all: a Service or ServiceEntry declares it.
    func isKnown(_ host: String) -> Bool {
        service(host) != nil || !serviceEntries(host).isEmpty
    }

    /// The Deployments, Pods and WorkloadEntries of a namespace that carry all labels.
    func workloads(_ selector: [String: String], namespace: String) -> [Resource] {
        guard let first = selector.min(by: { $0.key < $1.key }) else { return [] }
        return snapshot.resources(with: .label(first.key, first.value, namespace: namespace))
            .filter { $0.workloadLabels?.contains(all: selector) ?? false }
    }

    private func objects(
        for host: String,
        _ token: (String) -> IndexToken,
        _ kind: ResourceKind
    ) -> [Resource] {
        HostName.patterns(covering: host).flatMap { pattern in
            snapshot.resources(with: token(pattern)).filter { $0.kind == kind }
        }
    }
}
