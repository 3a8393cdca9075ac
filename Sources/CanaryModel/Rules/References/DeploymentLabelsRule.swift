// SPDX-License-Identifier: Apache-2.0

/// The pods of a Deployment behind a Service have no label `app` or `version`, by which Istio's metrics tell workloads and their
/// versions apart; where no DestinationRule says otherwise, `version` is what routes know them by.
enum DeploymentLabelsRule: ReferenceRule {
    static let code = RuleCode("CAN0825")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.deployment]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let metadata = object.podTemplate?["metadata"], cluster.isInMesh(object.resource) else {
            return
        }
        let missing = ["app", "version"].filter { metadata["labels"]?[$0] == nil }
        guard !missing.isEmpty, !cluster.snapshot.services(of: object.resource).isEmpty else { return }
        let names = missing.map { "\"\($0)\"" }.joined(separator: " and no label ")
        report.add(
            at: metadata.field("labels"),
            "the pods have no label \(names)",
            hint: "add it, so that metrics and routes can tell versions apart"
        )
    }
}
