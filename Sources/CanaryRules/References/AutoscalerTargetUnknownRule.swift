// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An autoscaler's target does not exist.
enum AutoscalerTargetUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0811")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.horizontalPodAutoscaler]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let autoscaler = object.resource.autoscaler, !autoscaler.targetName.isEmpty,
            let kind = autoscaler.target
        else { return }
        let key = ResourceKey(kind, namespace: object.resource.namespace, name: autoscaler.targetName)
        guard cluster.snapshot.resource(key) == nil, let target = object.spec?["scaleTargetRef"] else {
            return
        }
        report.add(
            at: target.field("name"),
            "there is no \(kind.name) \"\(autoscaler.targetName)\" in namespace \"\(key.namespace)\"",
            hint: "create it, or correct \"scaleTargetRef\""
        )
    }
}
