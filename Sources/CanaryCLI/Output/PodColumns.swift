// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources

/// What `get pods` says of a pod, from its status, as kubectl does. A pod that nobody runs is only declared.
struct PodColumns {
    private let pod: Resource
    private let total: Int
    private(set) var ready = 0
    private(set) var restarts = 0
    private(set) var status = "Declared"

    init(_ pod: Resource) {
        self.pod = pod
        let containers = pod.body["status"]?["containerStatuses"]?.items ?? []
        let initial = pod.body["status"]?["initContainerStatuses"]?.items ?? []
        let sidecars = Self.sidecars(of: pod)
        let counted = containers + initial.filter { sidecars.contains($0["name"]?.string ?? "") }
        total = (pod.pod?.template.containers.count ?? 0) + sidecars.count
        ready = counted.count { $0["ready"]?.bool == true }
        // Restarts of init containers count until they are through.
        restarts = (Self.initStatus(initial) == nil ? counted : initial)
            .compactMap { $0["restartCount"]?.integer }.reduce(0) { $0 + Int(clamping: $1) }
        guard let phase = pod.body["status"]?["phase"]?.string else { return }
        if pod.body["metadata"]?["deletionTimestamp"] != nil {
            status = "Terminating"
        } else {
            status = Self.initStatus(initial) ?? Self.status(containers, phase)
        }
    }

    /// With the pod's own ports where they are the machine's.
    var address: String? {
        pod.body["status"]?["podIP"]?.string.map { address in
            AddressText.text(
                address,
                ports: pod.pod?.template.containers.flatMap(\.ports).compactMap(\.hostPort) ?? []
            )
        }
    }

    /// The Deployment that it is of, by its ReplicaSet.
    var deployment: String? {
        guard let set = pod.body["metadata"]?["ownerReferences"]?.items.first?["name"]?.string,
            let hash = pod.metadata.labels[DeploymentSpec.podTemplateHashLabel], set.hasSuffix("-\(hash)")
        else { return nil }
        return String(set.dropLast(hash.count + 1))
    }

    /// The first process of each container that runs.
    var pids: [Int64] {
        let prefix = "process://"
        return (pod.body["status"]?["containerStatuses"]?.items ?? [])
            .compactMap { $0["containerID"]?.string }.filter { $0.hasPrefix(prefix) }
            .compactMap { Int64($0.dropFirst(prefix.count)) }
    }

    var readyColumn: String { "\(ready)/\(total)" }

    /// The names of the init containers that stay, and count like those of the pod's own work.
    private static func sidecars(of pod: Resource) -> Set<String> {
        let initial = pod.body["spec"]?["initContainers"]?.items ?? []
        return Set(
            initial.filter { $0["restartPolicy"]?.string == "Always" }.compactMap { $0["name"]?.string }
        )
    }

    /// Of the first init container that is not through.
    private static func initStatus(_ containers: [Node]) -> String? {
        for (index, container) in containers.enumerated() {
            let state = container["state"]
            if state?["terminated"]?["exitCode"]?.integer == 0 || container["started"]?.bool == true {
                continue
            }
            if let reason = state?["terminated"]?["reason"]?.string { return "Init:\(reason)" }
            if let reason = state?["waiting"]?["reason"]?.string, reason != "PodInitializing" {
                return "Init:\(reason)"
            }
            return "Init:\(index)/\(containers.count)"
        }
        return nil
    }

    private static func status(_ containers: [Node], _ phase: String) -> String {
        let states = containers.map { $0["state"] }
        let reason = states.lazy.compactMap {
            $0?["waiting"]?["reason"]?.string ?? $0?["terminated"]?["reason"]?.string
        }.first
        guard let reason else { return phase }
        // One that ended well is no news while others run.
        guard reason == "Completed", states.contains(where: { $0?["running"] != nil }) else { return reason }
        return containers.contains { $0["ready"]?.bool == true } ? "Running" : "NotReady"
    }
}
