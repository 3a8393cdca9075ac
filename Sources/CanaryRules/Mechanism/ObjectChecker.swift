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
        var report = RuleReport(object, SchemaCheck.check(resource, tables, text: text))
        for rule in RuleCatalog.objectRulesByKind[resource.kind] ?? [] { report.apply(rule) }
        return report.all
    }
}
