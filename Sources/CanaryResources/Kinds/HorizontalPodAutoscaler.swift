// SPDX-License-Identifier: Apache-2.0

/// A HorizontalPodAutoscaler, of autoscaling/v1 or v2.
package struct HorizontalPodAutoscaler: Sendable {
    package var targetKind: String
    /// The kind of its target, `nil` for kinds that are not known.
    package var target: ResourceKind?
    package var targetName: String
    /// One unless given.
    package var minReplicas: Int
    package var maxReplicas: Int

    init(_ body: Node) {
        let spec = body["spec"]
        targetKind = spec?["scaleTargetRef"]?["kind"]?.string ?? ""
        let apiVersion = spec?["scaleTargetRef"]?["apiVersion"]?.string ?? ""
        target = ResourceKind(manifestName: targetKind, apiVersion: apiVersion)
            .flatMap { $0.isScaled ? $0 : nil }
        targetName = spec?["scaleTargetRef"]?["name"]?.string ?? ""
        minReplicas = spec?["minReplicas"]?.integer.map { Int($0) } ?? 1
        maxReplicas = spec?["maxReplicas"]?.integer.map { Int($0) } ?? 0
    }
}

extension ResourceKind {
    /// Whether an autoscaler can mean it. Versions that are gone still name the same objects.
    fileprivate var isScaled: Bool {
        switch self {
        case .deployment, .statefulSet, .replicaSet, .replicationController, .argoRollout: true
        default: false
        }
    }
}
