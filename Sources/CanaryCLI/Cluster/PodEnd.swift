// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

/// The end of running pods: their node is told, and does it.
struct PodEnd {
    let pods: [Resource]
    let gracePeriod: Duration?
    let session: ClusterSession

    func order() throws {
        guard !pods.isEmpty else { return }
        try session.runtime.order(
            pods.map { PodDeletion($0.key, uid: $0.stored?.uid ?? "", gracePeriod: gracePeriod) }
        )
    }

    /// Until they are gone, as kubectl does. Those of a node that ends meanwhile are.
    func wait(atMost limit: TimeSpan?) throws {
        guard !pods.isEmpty else { return }
        session.context.standardOutput.flush()
        let leaving = Set(pods.compactMap { $0.stored?.uid })
        let runtime = session.runtime
        let isDone = try Patience(limit?.duration ?? Self.longest, pauseMilliseconds: 50).wait {
            try runtime.livePods().allSatisfy { !leaving.contains($0.stored?.uid ?? "") }
        }
        guard !isDone else { return }
        throw CommandError(
            "the node was told, but not all of the pods have ended yet",
            hint: "canaryctl get pods shows what becomes of them; --now gives them a second",
            status: .timedOut
        )
    }

    /// More than any pod takes that its node looks after.
    private static let longest = Duration.seconds(86_400)
}
