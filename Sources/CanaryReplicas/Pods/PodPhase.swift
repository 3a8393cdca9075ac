// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' `status.phase` of a pod.
package enum PodPhase: String, Sendable {
    case pending = "Pending"
    case running = "Running"
    case succeeded = "Succeeded"
    case failed = "Failed"
}
