// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryMesh
import CanaryResources
import CanaryRules

/// What canaryctl gives a meaning and Istio does not: subsets that no DestinationRule defines, which it answers with 503, and HTTP
/// routes for ports that it takes for TCP, which it ignores.
enum IstioRefusals {
    private static let implicitSubset = "CAN0805"
    private static let ignoredRoutes = "CAN1130"

    static func findings(_ resources: [Resource], in snapshot: ClusterSnapshot) -> [Diagnostic] {
        RuleCatalog.checkReferences(resources, in: snapshot, asWarnings: false)
            .filter { [implicitSubset, ignoredRoutes].contains($0.code.canary) }.map(\.ratedForIstio)
    }

    /// Those of the route that takes a request; what is ignored at other ports than the request's does not concern it.
    static func findings(about explanation: Explanation, in snapshot: ClusterSnapshot, namespace: String)
        -> [Diagnostic]
    {
        guard let route = explanation.effective else { return [] }
        let place: [FieldPath.Component] = [.key("spec"), .key("http"), .index(route.sourceIndex)]
        let refused = findings([route.source], in: snapshot).filter {
            $0.code.canary == implicitSubset && $0.path.components.starts(with: place)
        }
        let isIgnored =
            explanation.host.map { snapshot.opaquePorts(of: $0, namespace: namespace) }
            .flatMap { ports in explanation.meshPort.map(ports.contains) } ?? false
        guard isIgnored else { return refused }
        let root: [FieldPath.Component] = [.key("spec"), .key("http"), .index(route.rootIndex)]
        let ignored = findings([route.virtualService], in: snapshot).filter { finding in
            let path = finding.path.components
            return finding.code.canary == ignoredRoutes
                && (path.starts(with: root) || path.starts(with: [.key("spec"), .key("hosts")]))
        }
        return ignored.prefix(1) + refused
    }
}
