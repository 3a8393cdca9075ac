// SPDX-License-Identifier: Apache-2.0

/// Collects what one rule finds about one object.
package struct RuleReport {
    package private(set) var findings: [Diagnostic] = []
    private let code: RuleCode
    private let severity: Severity
    private let resource: Resource

    package init(_ rule: any Rule.Type, _ resource: Resource) {
        code = rule.code
        severity = rule.severity
        self.resource = resource
    }

    /// Reports a finding at a value: at its key, at the item of a list, or, where the value is missing, at the first key
    /// of the mapping that lacks it.
    package mutating func add(
        at place: Located,
        _ message: String,
        hint: String? = nil,
        severity: Severity? = nil
    ) {
        let path = place.path
        findings.append(
            Diagnostic(
                code,
                severity ?? self.severity,
                message,
                hint: hint,
                file: resource.file,
                position: resource.body.position(of: path),
                path: path,
                resource: resource.key
            )
        )
    }
}
