// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Rollout names no host or no version, or its canary is its stable version.
enum RolloutVersionsRule: ObjectRule {
    static let code = RuleCode("CAN1201")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.spec else { return }
        for (key, example) in [("host", "a Service's name"), ("canary", "a version, such as v2")]
        where spec[key]?.string == "" {
            report.add(at: spec.field(key), "\"\(key)\" is empty", hint: "write \(example)")
        }
        if let canary = spec["canary"]?.string, !canary.isEmpty, spec["stable"]?.string == canary {
            report.add(
                at: spec.field("stable"),
                "the canary and the stable version are both \"\(canary)\"",
                hint: "name the version that has the traffic so far, or leave \"stable\" out"
            )
        }
    }
}
