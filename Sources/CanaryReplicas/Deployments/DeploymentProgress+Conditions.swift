// SPDX-License-Identifier: Apache-2.0

/// An entry of a Deployment's `status.conditions`, with Kubernetes' reasons and words.
package struct DeploymentCondition: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case available = "Available"
        case progressing = "Progressing"
    }

    package var kind: Kind
    /// `nil` is `Unknown`.
    package var isTrue: Bool?
    package var reason: String
    package var message: String
}

extension DeploymentProgress {
    /// - Parameter set: the name of the set of the present template.
    package func conditions(_ status: DeploymentStatus, _ spec: DeploymentSpec, set: String)
        -> [DeploymentCondition]
    {
        [availability(status), progress(status, spec, set)]
    }

    private func availability(_ status: DeploymentStatus) -> DeploymentCondition {
        status.isMinimumAvailable
            ? DeploymentCondition(
                kind: .available,
                isTrue: true,
                reason: "MinimumReplicasAvailable",
                message: "Deployment has minimum availability."
            )
            : DeploymentCondition(
                kind: .available,
                isTrue: false,
                reason: "MinimumReplicasUnavailable",
                message: "Deployment does not have minimum availability."
            )
    }

    private func progress(_ status: DeploymentStatus, _ spec: DeploymentSpec, _ set: String)
        -> DeploymentCondition
    {
        let (isTrue, reason, message): (Bool?, String, String) =
            if spec.isPaused {
                (nil, "DeploymentPaused", "Deployment is paused")
            } else if status.isComplete {
                (true, "NewReplicaSetAvailable", "ReplicaSet \"\(set)\" has successfully progressed.")
            } else if isLate {
                (false, "ProgressDeadlineExceeded", "ReplicaSet \"\(set)\" has timed out progressing.")
            } else {
                (true, "ReplicaSetUpdated", "ReplicaSet \"\(set)\" is progressing.")
            }
        return DeploymentCondition(kind: .progressing, isTrue: isTrue, reason: reason, message: message)
    }
}
