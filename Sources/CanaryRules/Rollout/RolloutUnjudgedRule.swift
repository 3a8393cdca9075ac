// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Rollout compares neither errors nor latency, and has no limits or metrics: nearly any canary passes.
enum RolloutUnjudgedRule: ObjectRule {
    static let code = RuleCode("CAN1205")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let analysis = object.resource.rollout?.analysis, !analysis.comparesErrors,
            !analysis.comparesLatency, analysis.errorLimit == nil, analysis.latencyLimit == nil,
            analysis.metrics.isEmpty, let place = object.spec?["analysis"]
        else { return }
        report.add(
            at: place.field("errors"),
            "nothing is compared: only a canary whose requests do not end is taken back",
            hint: "leave \"enabled: false\" out of \"errors\" or \"latency\", or write \"limits\""
        )
    }
}
