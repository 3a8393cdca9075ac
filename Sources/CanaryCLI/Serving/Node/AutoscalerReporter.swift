// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryReplicas
import CanaryResources
import CanaryStore

/// Writes into `runtime.db` what is known of autoscalers, if it is something new. Belongs to one thread.
final class AutoscalerReporter {
    private let runtime: RuntimeStore
    private let node: String
    /// What is added to a moment to make it milliseconds since 1970.
    private let wallOffset: Int64
    private var written: [ResourceKey: AutoscalerStatus]?

    init(_ runtime: RuntimeStore, node: String, wallOffset: Int64) {
        self.runtime = runtime
        self.node = node
        self.wallOffset = wallOffset
    }

    /// Takes what came of a turn, which is all autoscalers that there are.
    func take(_ outcomes: [HorizontalAutoscaling.Outcome]) throws {
        var statuses: [ResourceKey: AutoscalerStatus] = [:]
        for outcome in outcomes {
            statuses[outcome.key] = AutoscalerStatus(
                outcome.report,
                generation: outcome.generation,
                lastScaleTime: outcome.lastScaleTime,
                wallOffset: wallOffset
            )
        }
        guard statuses != written else { return }
        let isKnown = try runtime.report(autoscalers: statuses.mapValues(\.node), of: node)
        written = isKnown ? statuses : nil
    }
}
