// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Two arguments of an AnalysisTemplate, or of its use, have one name.
enum AnalysisTemplateArgumentsRule: ObjectRule {
    static let code = RuleCode("CAN1221")
    static let kinds: Set<ResourceKind> = [.rollout, .analysisTemplate]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let uses = object.spec?["analysis"]?["templates"]?.items ?? []
        for place in [object.spec].compactMap(\.self) + uses {
            var names: Set<String> = []
            for argument in place["args"]?.items ?? [] {
                guard let name = argument["name"]?.string, !names.insert(name).inserted else { continue }
                report.add(
                    at: argument.field("name"),
                    "two arguments are called \"\(name)\"",
                    hint: "leave one of them out"
                )
            }
        }
    }
}
