// SPDX-License-Identifier: Apache-2.0

/// What a Deployment has come to: Kubernetes' `status`, and the sentences of `kubectl rollout status`.
package struct DeploymentStatus: Hashable, Sendable {
    package var name: String
    package var wanted: Int
    /// Pods of all templates that neither leave nor have ended.
    package var replicas = 0
    /// Those of the present template.
    package var updated = 0
    package var ready = 0
    package var available = 0
    package var isMinimumAvailable: Bool

    package init(
        _ spec: DeploymentSpec,
        sets: [ReplicaSet],
        pods: [String: [ReplicaPod]],
        at now: TimePoint
    ) {
        name = spec.name
        wanted = spec.replicas
        for set in sets {
            let active = (pods[set.name] ?? []).filter(\.isActive)
            replicas += active.count
            if set.template == spec.template { updated += active.count }
            ready += active.count { $0.readySince != nil }
            available += active.count { $0.isAvailable(after: spec.minReady, at: now) }
        }
        isMinimumAvailable = available >= spec.replicas - spec.maxUnavailable
    }

    /// As somebody counted who sees pods alone.
    package init(_ spec: DeploymentSpec, replicas: Int, updated: Int, ready: Int, available: Int) {
        name = spec.name
        wanted = spec.replicas
        self.replicas = replicas
        self.updated = updated
        self.ready = ready
        self.available = available
        isMinimumAvailable = available >= spec.replicas - spec.maxUnavailable
    }

    package var isComplete: Bool { updated == wanted && replicas == wanted && available == wanted }

    /// What `rollout status` says, until the deployment is through.
    package var sentence: String {
        let waiting = "Waiting for deployment \"\(name)\" rollout to finish:"
        if updated < wanted {
            return "\(waiting) \(updated) out of \(wanted) new replicas have been updated..."
        }
        if replicas > updated {
            return "\(waiting) \(replicas - updated) old replicas are pending termination..."
        }
        if available < updated {
            return "\(waiting) \(available) of \(updated) updated replicas are available..."
        }
        return "deployment \"\(name)\" successfully rolled out"
    }

    /// What `describe deployment` says of them, in kubectl's words.
    package var summary: String {
        """
        \(wanted) desired | \(updated) updated | \(replicas) total | \(available) available | \
        \(max(0, wanted - available)) unavailable
        """
    }

    /// `2/3`, as the column READY of `get deployments` has it.
    package var readyColumn: String { "\(ready)/\(wanted)" }
}

/// Whether a Deployment still comes forward, by its deadline.
package struct DeploymentProgress: Hashable, Sendable {
    private var last: DeploymentStatus?
    package private(set) var lastProgress: TimePoint
    package private(set) var isLate = false

    package init(at now: TimePoint) {
        lastProgress = now
    }

    /// More new pods, fewer old ones, more that are ready or available: each is progress. A deployment that is through, or paused, is
    /// never late.
    package mutating func look(at status: DeploymentStatus, _ spec: DeploymentSpec, at now: TimePoint) {
        defer { last = status }
        if status.isComplete || spec.isPaused || last.map({ status.isProgress(since: $0) }) ?? true {
            lastProgress = now
            isLate = false
        } else {
            isLate = now - lastProgress > spec.progressDeadline
        }
    }

    /// What `rollout status` fails with.
    package func failure(of name: String) -> String? {
        isLate ? "deployment \"\(name)\" exceeded its progress deadline" : nil
    }
}

extension DeploymentStatus {
    fileprivate func isProgress(since last: DeploymentStatus) -> Bool {
        updated > last.updated || replicas - updated < last.replicas - last.updated || ready > last.ready
            || available > last.available || wanted != last.wanted
    }
}
