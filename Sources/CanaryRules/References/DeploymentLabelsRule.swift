// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The pods of a Deployment behind a Service, of which routes name subsets, have no label `app` or `version`, by which Istio's metrics tell workloads and their
/// versions apart; where no DestinationRule says otherwise, `version` is what routes know them by. Istio also takes Kubernetes'
/// recommended labels, such as `app.kubernetes.io/name`, and those of its own, such as `service.istio.io/canonical-name`.
enum DeploymentLabelsRule: ReferenceRule {
    static let code = RuleCode("CAN0825")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.deployment]

    /// What Istio takes for the name and for the version.
    private static let spellings = [
        ["app", "app.kubernetes.io/name", "service.istio.io/canonical-name"],
        ["version", "app.kubernetes.io/version", "service.istio.io/canonical-revision"],
    ]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let metadata = object.podTemplate?["metadata"], cluster.isInMesh(object.resource) else {
            return
        }
        let missing = Self.spellings.filter { spellings in
            !spellings.contains { metadata["labels"]?[$0] != nil }
        }.map { $0[0] }
        guard !missing.isEmpty, isSplit(object.resource, cluster) else { return }
        let names = missing.map { "\"\($0)\"" }.joined(separator: " and no label ")
        report.add(
            at: metadata.field("labels"),
            "the pods have no label \(names)",
            hint:
                "add \(missing.count == 1 ? "it" : "them"), so that metrics and routes can tell versions apart"
        )
    }

    /// Whether routes tell versions of its Service apart: to others the labels do not matter.
    private static func isSplit(_ deployment: Resource, _ cluster: ClusterView) -> Bool {
        cluster.snapshot.services(of: deployment).contains { service in
            let host = HostName.service(service.name, namespace: service.namespace)
            return !cluster.references.routeUses.subsets(of: host).isEmpty
        }
    }
}
