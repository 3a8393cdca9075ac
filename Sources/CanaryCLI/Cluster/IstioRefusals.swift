// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRules

/// What canaryctl gives a meaning and Istio answers with 503: subsets that no DestinationRule defines.
enum IstioRefusals {
    private static let implicitSubset = "CAN0805"
    private static let ignoredRoutes = "CAN1130"

    static func findings(_ resources: [Resource], in snapshot: ClusterSnapshot) -> [Diagnostic] {
        RuleCatalog.checkReferences(resources, in: snapshot, asWarnings: false)
            .filter { $0.code.canary == implicitSubset }.map(\.ratedForIstio)
    }

    /// Those of one route, and that Istio ignores HTTP routes for its host.
    static func findings(about route: EffectiveRoute, in snapshot: ClusterSnapshot) -> [Diagnostic] {
        let place: [FieldPath.Component] = [.key("spec"), .key("http"), .index(route.sourceIndex)]
        let ignored = RuleCatalog.checkReferences([route.virtualService], in: snapshot, asWarnings: false)
            .filter { $0.code.canary == ignoredRoutes }.map(\.ratedForIstio)
        let refused = findings([route.source], in: snapshot)
        return ignored + refused.filter { $0.path.components.starts(with: place) }
    }
}
