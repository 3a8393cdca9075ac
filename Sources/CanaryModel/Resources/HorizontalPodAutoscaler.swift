// SPDX-License-Identifier: Apache-2.0

/// A HorizontalPodAutoscaler, of autoscaling/v1 or v2.
package struct HorizontalPodAutoscaler: Sendable {
    package var targetKind: String
    package var targetName: String
    /// One unless given.
    package var minReplicas: Int
    package var maxReplicas: Int

    init(_ body: Node) {
        let spec = body["spec"]
        targetKind = spec?["scaleTargetRef"]?["kind"]?.string ?? ""
        targetName = spec?["scaleTargetRef"]?["name"]?.string ?? ""
        minReplicas = spec?["minReplicas"]?.integer.map { Int($0) } ?? 1
        maxReplicas = spec?["maxReplicas"]?.integer.map { Int($0) } ?? 0
    }
}
