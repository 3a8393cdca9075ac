// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanaryStore

/// What the store's node told of autoscalers, with what they ask for.
struct AutoscalerReports {
    private let statuses: [ResourceKey: AutoscalerStatus]

    /// Where nothing can be read, nothing is known.
    init(_ runtime: RuntimeStore) {
        statuses = ((try? runtime.liveAutoscalers()) ?? [:]).compactMapValues(AutoscalerStatus.init)
    }

    func status(of resource: Resource) -> AutoscalerStatus? { statuses[resource.key] }

    /// `nil` for what is no autoscaler.
    func report(of resource: Resource) -> AutoscalerReport? {
        guard let spec = AutoscalerSpec(resource) else { return nil }
        return AutoscalerReport(
            spec,
            statuses[resource.key],
            generation: resource.stored?.generation ?? 0,
            targetKind: resource.autoscaler?.targetKind ?? ""
        )
    }
}
