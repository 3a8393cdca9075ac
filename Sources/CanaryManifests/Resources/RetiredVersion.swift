// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A version of a kind that Kubernetes removed, whose objects are read as those of its successor.
struct RetiredVersion {
    /// The release of Kubernetes that no longer has it.
    var since: String
    /// Whether the successor asks for the selector that this version took from the template.
    var needsSelector: Bool

    static func of(_ kind: ResourceKind, _ apiVersion: String) -> RetiredVersion? {
        guard let since = versions[kind]?[apiVersion] else { return nil }
        return RetiredVersion(since: since, needsSelector: kind.selectsPods)
    }

    private static let versions: [ResourceKind: [String: String]] = [
        .deployment: ["extensions/v1beta1": "1.16", "apps/v1beta1": "1.16", "apps/v1beta2": "1.16"],
        .statefulSet: ["apps/v1beta1": "1.16", "apps/v1beta2": "1.16"],
        .daemonSet: ["extensions/v1beta1": "1.16", "apps/v1beta2": "1.16"],
        .replicaSet: ["extensions/v1beta1": "1.16", "apps/v1beta2": "1.16"],
        .cronJob: ["batch/v1beta1": "1.25"],
        .horizontalPodAutoscaler: ["autoscaling/v2beta1": "1.25", "autoscaling/v2beta2": "1.26"],
        .endpointSlice: ["discovery.k8s.io/v1beta1": "1.25"],
    ]
}

extension ResourceKind {
    /// Whether its objects have a selector for the pods of their template.
    var selectsPods: Bool {
        [.deployment, .statefulSet, .daemonSet, .replicaSet].contains(self)
    }
}
