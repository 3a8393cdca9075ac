// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The workloads that Gateways select, in all namespaces, and the ports that Services open for them. The built-in ingress
/// gateway counts, unless the input has one of its own with a Service.
final class GatewayWorkloadIndex {
    struct Selection {
        var workloads: [Resource] = []
        /// Ports and target ports of the Services of these workloads.
        var ports: Set<Int> = []
        var includesBuiltIn = false

        var isEmpty: Bool { workloads.isEmpty && !includesBuiltIn }
    }

    private let snapshot: ClusterSnapshot
    private var known: [[String: String]: Selection] = [:]

    private lazy var workloads: [Label: [Resource]] = {
        var index: [Label: [Resource]] = [:]
        for resource in snapshot.resources where resource.kind == .pod || resource.makesPods {
            for (key, value) in resource.workloadLabels ?? [:] {
                index[Label(key: key, value: value), default: []].append(resource)
            }
        }
        return index
    }()

    private struct Label: Hashable {
        var key: String
        var value: String
    }

    init(_ snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
    }

    func selection(_ selector: [String: String]) -> Selection {
        if let selection = known[selector] { return selection }
        var selection = Selection(workloads: matching(selector))
        selection.ports = Set(selection.workloads.flatMap(ports))
        if BuiltInGateway.labels.contains(all: selector), isBuiltInUsed {
            selection.includesBuiltIn = true
            selection.ports.formUnion(BuiltInGateway.ports)
        }
        known[selector] = selection
        return selection
    }

    private lazy var isBuiltInUsed = matching(BuiltInGateway.labels).allSatisfy { ports($0).isEmpty }

    private func matching(_ selector: [String: String]) -> [Resource] {
        let lists = selector.map { workloads[Label(key: $0.key, value: $0.value)] ?? [] }
        guard let shortest = lists.min(by: { $0.count < $1.count }) else { return [] }
        return shortest.filter { $0.workloadLabels?.contains(all: selector) ?? false }
    }

    private func ports(_ workload: Resource) -> [Int] {
        snapshot.services(of: workload).flatMap { service in
            (service.service?.ports ?? []).filter(\.isStream).flatMap { port in
                [port.port] + (target(port, workload).map { [$0] } ?? [])
            }
        }
    }

    private func target(_ port: Service.Port, _ workload: Resource) -> Int? {
        switch port.targetPort {
        case .number(let number): number
        case .name(let name):
            workload.podTemplate?.containers.flatMap(\.ports)
                .first { $0.name == name }?.containerPort
        }
    }
}

extension ClusterSnapshot {
    /// The Services that select a workload, by name.
    func services(of workload: Resource) -> [Resource] {
        guard let labels = workload.workloadLabels else { return [] }
        return labels.flatMap { key, value in
            resources(with: .selects(key, value, namespace: workload.namespace)).filter {
                $0.service.map { labels.contains(all: $0.selector) } ?? false
            }
        }.sorted { $0.name < $1.name }
    }
}

extension Resource {
    /// The pods that a Deployment or its like makes, or the Pod itself.
    var podTemplate: PodTemplate? { deployment?.template ?? podController?.template ?? pod?.template }
}
