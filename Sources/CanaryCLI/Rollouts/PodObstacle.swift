// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What keeps the pods of a Deployment from being ready.
enum PodObstacle {
    /// Of the first pod that does not serve, in a sentence.
    static func sentence(among pods: [Resource], of deployment: ResourceKey) -> String? {
        let own = pods.filter {
            $0.namespace == deployment.namespace && PodColumns($0).deployment == deployment.name
        }
        let waiting = own.filter { !($0.pod?.isReady ?? false) && PodColumns($0).status != "Terminating" }
        guard let pod = waiting.min(by: { $0.name < $1.name }) else { return nil }
        let status = PodColumns(pod).status
        guard status != "Running" else { return "pod \(pod.name) runs and is not ready" }
        return "pod \(pod.name) is \(status)" + (message(of: pod).map { ": \($0)" } ?? "")
    }

    private static func message(of pod: Resource) -> String? {
        ["initContainerStatuses", "containerStatuses"].flatMap { pod.body["status"]?[$0]?.items ?? [] }
            .compactMap { $0["state"]?["waiting"]?["message"]?.string }.first
    }
}
