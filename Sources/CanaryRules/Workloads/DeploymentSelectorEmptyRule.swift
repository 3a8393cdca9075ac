// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Deployment's selector selects everything: neither labels nor expressions are given. Expressions need values where
/// their operator compares with some.
enum DeploymentSelectorEmptyRule: ObjectRule {
    static let code = RuleCode("CAN0401")
    static let kinds: Set<ResourceKind> = [.deployment]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let selector = object.spec?["selector"] else { return }
        let expressions = selector["matchExpressions"]?.items ?? []
        if (selector["matchLabels"]?.entries ?? []).isEmpty, expressions.isEmpty {
            report.add(
                at: selector,
                "the selector is empty",
                hint: "repeat labels of the template under \"matchLabels:\""
            )
        }
        for expression in expressions {
            let count = expression["values"]?.items.count ?? 0
            switch expression["operator"]?.string {
            case "In", "NotIn":
                if count == 0 {
                    report.add(
                        at: expression.field("values"),
                        "the expression needs values",
                        hint: "list values, or use operator Exists"
                    )
                }
            case "Exists", "DoesNotExist":
                if count > 0 {
                    report.add(
                        at: expression.field("values"),
                        "the expression takes no values",
                        hint: "leave \"values\" out, or use operator In"
                    )
                }
            default: break
            }
        }
    }
}
