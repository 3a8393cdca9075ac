// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Checks objects against others, one after the other, and keeps what it looked up for the next. Each thread has its own.
package final class ReferenceChecker {
    private let cluster: ClusterView

    /// With `manifestsOnly` the snapshot holds manifests and nothing that runs: see ``ClusterView/manifestsOnly``; with `startsPods` its
    /// Deployments are about to run. `home` is the namespace that commands in hints need not name.
    package init(
        _ snapshot: ClusterSnapshot,
        manifestsOnly: Bool = false,
        startsPods: Bool = false,
        home: String? = nil
    ) {
        cluster = ClusterView(snapshot, manifestsOnly: manifestsOnly, startsPods: startsPods, home: home)
    }

    /// What is wrong with an object of the snapshot because of others, with istioctl's levels.
    package func check(_ resource: Resource) -> [Diagnostic] {
        guard let rules = RuleCatalog.referenceRulesByKind[resource.kind] else { return [] }
        var report = RuleReport(CheckedObject(resource))
        for rule in rules { report.apply(rule, in: cluster) }
        return report.all
    }
}

extension [Diagnostic] {
    /// Nothing worse than a warning, as in commands that change something: what depends on other objects never blocks.
    package var asWarnings: [Diagnostic] {
        map { finding in
            var finding = finding
            finding.severity = Swift.max(finding.severity, .warning)
            return finding
        }
    }
}
