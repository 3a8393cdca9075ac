// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// All rules, and how they are applied.
package enum RuleCatalog {
    /// What is wrong with one object by itself: fields and their types, then what an API server or Istio's webhook
    /// would refuse or warn of. Errors among these block a change.
    /// Whoever checks many objects keeps an ``ObjectChecker``.
    package static func checkObject(_ resource: Resource) -> [Diagnostic] {
        ObjectChecker().check(resource)
    }

    /// What is wrong with changed objects because of others. With `asWarnings` nothing is worse than a warning, as in
    /// commands that change something; without it errors keep istioctl's level, as in `validate`.
    /// Whoever checks many objects shares them out to several ``ReferenceChecker``s.
    package static func checkReferences(
        _ changed: [Resource],
        in snapshot: ClusterSnapshot,
        asWarnings: Bool = true,
        home: String? = nil
    ) -> [Diagnostic] {
        let checker = ReferenceChecker(snapshot, home: home)
        let findings = changed.flatMap { checker.check($0) }
        return asWarnings ? findings.asWarnings : findings
    }

    /// What can't be changed on an existing object, as the API server refuses it.
    package static func checkChange(from old: Resource, to new: Resource) -> [Diagnostic] {
        var report = RuleReport(CheckedObject(new))
        for rule in changeRules where rule.kinds.contains(new.kind) { report.apply(rule, replacing: old) }
        return report.all
    }

    /// Every rule with a code of its own, the schema's left out.
    package static var all: [any Rule.Type] { objectRules + referenceRules + changeRules }

    static let objectRulesByKind: [ResourceKind: [any ObjectRule.Type]] = {
        var table: [ResourceKind: [any ObjectRule.Type]] = [:]
        for rule in objectRules {
            for kind in rule.kinds { table[kind, default: []].append(rule) }
        }
        return table
    }()

    static let referenceRulesByKind: [ResourceKind: [any ReferenceRule.Type]] = {
        var table: [ResourceKind: [any ReferenceRule.Type]] = [:]
        for rule in referenceRules {
            for kind in rule.kinds { table[kind, default: []].append(rule) }
        }
        return table
    }()
}
