// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A step of a Rollout does not say what it does, or its condition takes every request.
enum RolloutStepShapeRule: ObjectRule {
    static let code = RuleCode("CAN1203")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for step in object.spec?["steps"]?.items ?? [] where step.node.mapping != nil {
            if ["weight", "mirror", "match"].allSatisfy({ step[$0] == nil }) {
                report.add(
                    at: step.field("weight"),
                    "the step has neither \"weight\", \"mirror\" nor \"match\"",
                    hint: "write \"weight:\" with the canary's share"
                )
            }
            for block in step["match"]?.items ?? [] where isAny(block.node) {
                report.add(
                    at: block,
                    "a block without conditions takes every request: the canary would get all of them",
                    hint: "write a condition, such as headers: {x-tester: {exact: \"yes\"}}"
                )
            }
        }
    }

    private static func isAny(_ block: Node) -> Bool {
        guard let mapping = block.mapping else { return block.isNull }
        let words: Set = ["name", "statPrefix", "ignoreUriCase"]
        return mapping.entries.allSatisfy { words.contains($0.key) || $0.value.isNull }
    }
}
