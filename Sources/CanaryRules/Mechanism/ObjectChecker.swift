// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Checks objects, each by itself, one after the other, and keeps what can be used again for the next. Each thread has its
/// own.
package final class ObjectChecker {
    private let tables = FieldTables()
    private let patterns = PatternProblems()

    private let text: (any WrittenText)?

    /// - Parameter text: what the manifests say word for word, where that is at hand.
    package init(text: (any WrittenText)? = nil) {
        self.text = text
    }

    /// What is wrong with one object: see ``RuleCatalog/checkObject(_:)``.
    package func check(_ resource: Resource) -> [Diagnostic] {
        let object = CheckedObject(resource, patterns)
        let findings = SchemaCheck.check(resource, tables, text: text)
        object.hasUnknownConditions = findings.contains { $0.isUnknownCondition }
        var report = RuleReport(object, findings)
        for rule in RuleCatalog.objectRulesByKind[resource.kind] ?? [] { report.apply(rule) }
        return report.all
    }
}

extension Diagnostic {
    /// Whether it is about a field of a match block that does not exist: the block then seems to take more than it was meant to.
    fileprivate var isUnknownCondition: Bool {
        code.canary == SchemaRule.unknownField.code(isIstio: false).canary && path.components.count > 5
            && path.components[1] == .key("http") && path.components[3] == .key("match")
    }
}
