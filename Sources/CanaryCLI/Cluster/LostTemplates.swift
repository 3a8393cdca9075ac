// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

/// AnalysisTemplates that a change takes from Rollouts which ask by them.
enum LostTemplates {
    /// A warning for each Rollout that stays and each template that it loses.
    static func warnings(of change: ClusterChange) throws -> [String] {
        let lost = Set(
            change.changes.filter { $0.after == nil && $0.key.kind == .analysisTemplate }.map(\.key)
        )
        let namespaces = Set(lost.map(\.namespace)).sorted()
        return try namespaces.flatMap { namespace in
            try change.resources(of: .rollout, namespace: namespace).flatMap { rollout in
                let names = (rollout.rollout?.analysis.templates ?? []).map(\.name)
                let missing = Set(names).filter {
                    lost.contains(ResourceKey(.analysisTemplate, namespace: namespace, name: $0))
                }
                let goesOn = try missing.isEmpty ? false : goesOn(rollout, change)
                return missing.sorted().map { sentence(rollout, $0, goesOn: goesOn) }
            }
        }
    }

    /// Whether a run has begun, with the metrics as they were, and has not ended.
    private static func goesOn(_ rollout: Resource, _ change: ClusterChange) throws -> Bool {
        let newest = try change.view.reader?.rollout(of: rollout.stored?.uid ?? "")
        return newest.map { !$0.hasEnded } ?? false
    }

    private static func sentence(_ rollout: Resource, _ template: String, goesOn: Bool) -> String {
        let use = "rollout \"\(rollout.name)\" asks by AnalysisTemplate \"\(template)\""
        return goesOn
            ? "\(use): it goes on with the metrics that it began with, and cannot begin again without it [CAN1220]"
            : "\(use), and cannot begin without it [CAN1220]"
    }
}
