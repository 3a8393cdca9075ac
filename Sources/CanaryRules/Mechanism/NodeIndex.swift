// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The places that Nodes are in: Istio adds them to the labels of a pod's endpoint.
struct NodeIndex {
    static let hostname = "kubernetes.io/hostname"
    static let region = "topology.kubernetes.io/region"
    static let zone = "topology.kubernetes.io/zone"
    static let subzone = "topology.istio.io/subzone"
    private static let keys = [region, zone, subzone]

    private var labels: [String: [String: String]] = [:]

    init(_ snapshot: ClusterSnapshot) {
        for node in snapshot.resources where node.kind == .node {
            var own = node.metadata.labels.filter { Self.keys.contains($0.key) && !$0.value.isEmpty }
            own[Self.hostname] = node.name
            labels[node.name] = own
        }
    }

    /// Whether labels depend on the Node that a workload runs on.
    static func decides(_ labels: [String: String]) -> Bool {
        labels.keys.contains { keys.contains($0) || $0 == hostname }
    }

    /// Whether endpoints of a workload can carry labels: its own, with those of the Node that it runs on. What is on no Node
    /// yet can come to any, and without Nodes in the input nothing is known about their labels.
    func canCarry(_ wanted: [String: String], _ workload: Resource) -> Bool {
        guard var own = workload.workloadLabels else { return false }
        if workload.kind == .workloadEntry {
            own.merge(Self.locality(of: workload.body["spec"]?["locality"]?.string)) { own, _ in own }
            return own.contains(all: wanted)
        }
        if let name = workload.body["spec"]?["nodeName"]?.string, workload.kind == .pod {
            own.merge(labels[name] ?? [Self.hostname: name]) { _, node in node }
            return own.contains(all: wanted)
        }
        let places = wanted.filter { Self.keys.contains($0.key) || $0.key == Self.hostname }
        guard own.contains(all: wanted.filter { places[$0.key] == nil }) else { return false }
        let open = places.filter { own[$0.key] != $0.value }
        if open.values.contains("") { return false }
        return open.isEmpty || labels.isEmpty || labels.values.contains { $0.contains(all: open) }
    }

    /// `region/zone/subzone`.
    private static func locality(of text: String?) -> [String: String] {
        guard let text else { return [:] }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return Dictionary(zip(keys, parts).filter { !$0.1.isEmpty }) { first, _ in first }
    }
}
