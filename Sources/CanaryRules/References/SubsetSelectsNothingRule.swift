// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The labels of a subset fit no Pod, Deployment, WorkloadEntry or endpoint of the DestinationRule's host, so that its
/// requests get 503. A Deployment counts as the pods that it would make, and labels of region and zone come from Nodes.
enum SubsetSelectsNothingRule: ReferenceRule {
    static let code = RuleCode("CAN0814", istio: "IST0173")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let name = object.spec?["host"]?.string else { return }
        let subsets = (object.spec?["subsets"]?.items ?? []).filter { $0["labels"]?.entries.isEmpty == false }
        let host = HostName.resolve(name, namespace: object.resource.namespace)
        guard !subsets.isEmpty, let service = cluster.service(for: host, namedBy: object.resource) else {
            return
        }
        let namespace = cluster.viewpoint(of: object.resource, host: host)
        func selected(_ labels: [String: String]) -> [Resource] {
            cluster.capacity(labels, of: host, seenFrom: namespace).workloads
        }
        let workloads =
            service.selector.isEmpty ? cluster.workloads(besideSelectorless: service) : selected([:])
        let listed = LabelIndex(cluster.listedEndpoints(of: service)) { $0 }
        for subset in subsets {
            let labels = subset["labels"]?.node.stringMap ?? [:]
            let isCarried =
                service.selector.isEmpty || NodeIndex.decides(labels)
                ? workloads.contains { cluster.references.nodes.canCarry(labels, $0) }
                : !selected(labels).isEmpty
            guard !isCarried, !listed.hasAny(carrying: labels) else { continue }
            let text = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            report.add(
                at: subset.field("labels"),
                "no pod or endpoint of \"\(HostName.short(host))\" carries \(text.joined(separator: ","))",
                hint: selectorHint(labels, service, cluster) ?? hint(labels, workloads)
            )
        }
    }

    /// What to do where the Service's selector keeps the pods away.
    private static func selectorHint(
        _ labels: [String: String],
        _ service: HostService,
        _ cluster: ClusterView
    ) -> String? {
        guard service.entries.isEmpty, !service.selector.isEmpty else { return nil }
        let key = SelectorPinsVersionRule.conflict(service.selector, labels, service.namespace, cluster)
        return key.map {
            "remove \"\($0)\" from the selector of Service \"\(service.name)\": the subset chooses the version"
        }
    }

    /// The values that the workloads have for the labels.
    private static func hint(_ labels: [String: String], _ workloads: [Resource]) -> String {
        for key in labels.keys.sorted() {
            let known = Set(workloads.compactMap { $0.workloadLabels?[key] })
            if let wanted = labels[key], !known.isEmpty, !known.contains(wanted) {
                return "\"\(key)\" is \(known.sorted().prefix(5).joined(separator: ", ")) there"
            }
        }
        return "add a Deployment whose pods carry them, or remove the subset"
    }
}

extension ClusterView {
    /// What can make endpoints of a host that selects nothing: whatever is in its namespace.
    fileprivate func workloads(besideSelectorless service: HostService) -> [Resource] {
        guard service.entries.isEmpty else { return [] }
        return references.workloads(in: service.namespace)
    }

    /// The labels of the endpoints that ServiceEntries list.
    fileprivate func listedEndpoints(of service: HostService) -> [[String: String]] {
        service.entries.flatMap { $0.serviceEntry?.endpoints ?? [] }.map(\.labels)
    }
}
