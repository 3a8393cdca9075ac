// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Collects what rules find about one object, one rule after the other.
package struct RuleReport {
    private(set) var findings: [Diagnostic] = []
    private var quota = FindingQuota()
    private let object: CheckedObject
    /// The rule whose findings are added now.
    private var rule: (any Rule.Type)?

    init(_ object: CheckedObject, _ findings: [Diagnostic] = []) {
        self.object = object
        for finding in findings { append(finding) }
    }

    /// The findings, and that there are more where not all are told.
    package var all: [Diagnostic] { findings + [quota.notice(about: object.resource)].compactMap(\.self) }

    private mutating func append(_ finding: Diagnostic) {
        if isUnknownField(finding) || quota.take(finding.severity) { findings.append(finding) }
    }

    /// Unknown fields may be ignored on demand, and so are counted apart, by the schema's check.
    private func isUnknownField(_ finding: Diagnostic) -> Bool {
        finding.code.canary == SchemaRule.unknownField.code(isIstio: false).canary
    }

    mutating func apply(_ rule: any ObjectRule.Type) {
        self.rule = rule
        rule.check(object, &self)
    }

    mutating func apply(_ rule: any ReferenceRule.Type, in cluster: ClusterView) {
        self.rule = rule
        rule.check(object, in: cluster, &self)
    }

    mutating func apply(_ rule: any ChangeRule.Type, replacing old: Resource) {
        self.rule = rule
        rule.check(object, replacing: old, &self)
    }

    /// Reports a finding at a value: at its key, at the item of a list, or, where the value is missing, at the first key
    /// of the mapping that lacks it. The hint says what to do, in a few words. A finding has the rule's Istio code unless istioctl does not make it at this place;
    /// Istio's checks have one code for their errors and one for their warnings.
    package mutating func add(
        at place: Located,
        _ message: String,
        hint: String,
        severity: Severity? = nil,
        isKnownToIstio: Bool = true
    ) {
        guard let rule else { return }
        let severity = severity ?? rule.severity
        guard quota.take(severity) else { return }
        let path = place.path
        let resource = object.resource
        let istio = rule.code.istio == "IST0106" && severity != .error ? "IST0133" : rule.code.istio
        findings.append(
            Diagnostic(
                RuleCode(rule.code.canary, istio: isKnownToIstio && !resource.kind.isOwn ? istio : nil),
                severity,
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
