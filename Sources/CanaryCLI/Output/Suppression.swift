// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Findings that a person has decided to live with: `CODE=KIND/NAME` or `CODE=KIND/NAMESPACE/NAME`, `*` in each part.
struct Suppression {
    /// As it was written.
    let text: String
    private let code: Glob
    /// `nil` for any kind.
    private let kind: ResourceKind?
    private let namespace: Glob
    private let name: Glob

    init(_ text: String) throws {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves.last?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        guard halves.count == 2, 2...3 ~= parts.count, !halves[0].isEmpty, !parts.contains("") else {
            throw CommandError.wrongUsage(
                "\"\(text)\" is no value for --suppress",
                hint: "it takes CODE=KIND/NAME, for example CAN0807=VirtualService/reviews"
            )
        }
        kind = ResourceKind(named: String(parts[0]))
        guard kind != nil || parts[0] == "*" else {
            throw CommandError.wrongUsage(
                "\"\(text)\" is no value for --suppress: there is no kind \"\(parts[0])\"",
                hint: "it takes the kinds and short names that canaryctl get takes, and *"
            )
        }
        self.text = text
        code = Glob(halves[0].uppercased())
        namespace = Glob(parts.count == 3 ? parts[1] : "*")
        name = Glob(parts[parts.count - 1])
    }

    func covers(_ finding: Diagnostic) -> Bool {
        guard let resource = finding.resource, code.covers(finding.code) else { return false }
        return (kind ?? resource.kind) == resource.kind
            && namespace.matches(resource.namespace) && name.matches(resource.name)
    }
}

/// The findings of one run that are not to be shown, by `--suppress` or by Istio's annotation on the object itself.
struct SuppressedFindings {
    /// What istioctl reads too: codes with commas between them, or `*`.
    static let annotation = "galley.istio.io/analyze-suppress"

    private let suppressions: [Suppression]
    private let annotated: [ResourceKey: [Glob]]

    init(_ suppressions: [Suppression], _ resources: [Resource]) {
        self.suppressions = suppressions
        var annotated: [ResourceKey: [Glob]] = [:]
        for resource in resources {
            guard let codes = resource.metadata.annotations[Self.annotation] else { continue }
            annotated[resource.key] = codes.split(separator: ",").map { Glob($0.filter { $0 != " " }) }
        }
        self.annotated = annotated
    }

    func contains(_ finding: Diagnostic) -> Bool {
        if suppressions.contains(where: { $0.covers(finding) }) { return true }
        guard let resource = finding.resource else { return false }
        return annotated[resource]?.contains { $0.covers(finding.code) } ?? false
    }

    /// Those of `--suppress` that none of the findings needs: likely misspelt, or no longer true.
    func unused(among findings: [Diagnostic]) -> [Suppression] {
        suppressions.filter { suppression in !findings.contains(where: suppression.covers) }
    }
}

extension Glob {
    /// Whether a rule is meant, by our code or by Istio's.
    fileprivate func covers(_ code: RuleCode) -> Bool {
        matches(code.canary) || code.istio.map(matches) ?? false
    }
}
